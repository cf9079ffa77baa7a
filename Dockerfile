FROM python:3.13-slim AS build
COPY . /src
RUN python -m venv /venv \
 && sed -n 's/ *\\$//; /^[a-z]/p' /src/requirements.lock >/constraints.txt \
 && /venv/bin/pip install --no-cache-dir --no-compile --constraint /constraints.txt setuptools pyyaml \
 && /venv/bin/pip install --no-cache-dir --no-compile --constraint /constraints.txt --no-build-isolation '/src[docs,redis]' \
 && /venv/bin/pip uninstall --yes pip setuptools \
 && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="mockserver" \
      org.opencontainers.image.description="A stateful, multi-tenant mock server for the dedicated-IP and IP-pool APIs of SparkPost, SendGrid and Mailgun" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13-slim"
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    MOCKSERVER_HOST=0.0.0.0 MOCKSERVER_PORT=8080 MOCKSERVER_EXPOSE=1
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s CMD ["mockserver", "health"]
ENTRYPOINT ["mockserver"]
CMD ["serve"]
