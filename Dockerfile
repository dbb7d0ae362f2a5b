# The dashboard on port 8501, also with a read-only root:
#   docker build -t timbrelens . && docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8501:8501 \
#       -v timbrelens:/var/cache/timbrelens timbrelens
# docs/deployment.md says more. `make image-check` runs these steps without Docker and weighs them.
ARG BASE=python:3.12-slim-trixie

# The packages, before any code: their layer stays as it is while requirements.lock does.
FROM ${BASE} AS packages
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY requirements.lock .
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --only-binary=:all: \
        --require-hashes --requirement requirements.lock
# What nothing reads at run time: headers, a notebook extension, the packages' own tests (NumPy's are
# imported by numpy.testing) and the symbols of big libraries, 450 MB alone.
RUN site=$(/opt/venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))") \
    && rm -r "$site/clang" "$site/pydeck/nbextension" "$site/pyarrow/include" \
        "$site/tensorflow/include" \
    && find "$site" -type d -name tests ! -path "$site/numpy/*" -prune -exec rm -r {} + \
    && find "$site" -name "*.so*" -type f -size +10M ! -path "*.libs/*" \
        -exec strip --strip-unneeded {} +

FROM ${BASE}
WORKDIR /app
# The one folder that is written to. Whoever the container runs as may: another user can be chosen.
RUN install -d -m 1777 /var/cache/timbrelens
# Numba and Matplotlib keep compiled files in the cache too. Without an address for the browser,
# Streamlit would ask a machine outside for its own at every start.
ENV HOME=/var/cache/timbrelens \
    LOGNAME=timbrelens \
    MPLCONFIGDIR=/var/cache/timbrelens/matplotlib \
    NUMBA_CACHE_DIR=/var/cache/timbrelens/numba \
    PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    STREAMLIT_BROWSER_SERVER_ADDRESS=localhost \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none \
    STREAMLIT_SERVER_HEADLESS=true \
    TIMBRELENS_CACHE=/var/cache/timbrelens/results

COPY --from=packages /opt/venv /opt/venv
COPY . .
RUN python -m compileall -q xai_core
USER 10001:10001

EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD \
    ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port=8501"]
