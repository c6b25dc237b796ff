"""Reports for people: a page of Markdown or HTML that stands alone, with plots and the SQL behind them."""
