"""The Streamlit application over the queries."""
