# Watchkeeper in one image: built with pip and the lock file, run without either by a plain user.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/watchkeeper
ENV PATH=/opt/watchkeeper/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# The lock file alone first: a change of our code then leaves this layer as it is.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY adapters adapters
COPY monitor monitor
COPY trainer trainer
RUN pip install --no-deps --no-build-isolation ./adapters . \
    # The lock file pins the tools of development too; what serves needs none of them.
    && pip uninstall --quiet --yes confluent-kafka hypothesis mypy nats-py pandas-stubs polars psutil \
        polars-runtime-32 pytest pytest-cov pytest-xdist execnet requests ruff schemathesis xgboost-cpu

FROM python:3.12-slim
# LightGBM and scikit-learn want OpenMP, which the slim image lacks.
RUN apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 watchkeeper \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin watchkeeper \
    && install -d -o watchkeeper -g watchkeeper -m 0750 /data
COPY --from=build /opt/watchkeeper /opt/watchkeeper
ENV PATH=/opt/watchkeeper/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Set WATCHKEEPER_API_KEYS: without keys the service refuses to listen beyond its own machine.
ENTRYPOINT ["watchkeeper"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--data-dir", "/data"]
