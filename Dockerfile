# The dashboard on port 8501:
#   docker build -t timbrelens . && docker run --rm -p 8501:8501 timbrelens
FROM python:3.11-slim

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt

# The one folder that the user may write to; Numba and Matplotlib keep compiled files there too.
RUN useradd --no-create-home timbrelens \
    && install --directory --owner=timbrelens /var/cache/timbrelens
ENV HOME=/var/cache/timbrelens \
    MPLCONFIGDIR=/var/cache/timbrelens/matplotlib \
    NUMBA_CACHE_DIR=/var/cache/timbrelens/numba \
    PYTHONDONTWRITEBYTECODE=1 \
    TIMBRELENS_CACHE=/var/cache/timbrelens/results

COPY . .
USER timbrelens

EXPOSE 8501
HEALTHCHECK --start-period=30s --timeout=5s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py", \
     "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
