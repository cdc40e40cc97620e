# One image for every role: web (the default), worker, migrate, and each manage.py command.
FROM python:3.12-slim-bookworm AS requirements
COPY requirements.txt /tmp/requirements.txt
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt

FROM python:3.12-slim-bookworm AS hub
RUN groupadd --gid 10001 hub \
 && useradd --uid 10001 --gid hub --no-create-home --home-dir /app --shell /usr/sbin/nologin hub \
 && install --directory --owner=hub --group=hub --mode=0700 /var/lib/hub
COPY --from=requirements /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HUB_VAR_DIR=/var/lib/hub \
    HUB_BIND=0.0.0.0:8000
WORKDIR /app
COPY . .
RUN python -m compileall -q integration_hub connectors events
USER hub
EXPOSE 8000
# Of web; a worker's container asks `healthcheck --worker` instead (compose.yaml).
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "manage.py", "healthcheck"]
CMD ["python", "manage.py", "web"]
