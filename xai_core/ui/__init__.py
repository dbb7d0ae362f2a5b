"""The dashboard: its pages and their parts. The only room that imports Streamlit."""
