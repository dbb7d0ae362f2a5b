"""The dashboard's parts: the only code of the package that imports Streamlit."""
