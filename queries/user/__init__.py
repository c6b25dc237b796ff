"""One user or one request over all regions: what happened, in which order, and what took how long."""
