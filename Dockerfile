# The command in a small image: docker run --rm -v "$PWD:/project" reconciler plan
FROM python:3.12-slim AS build
COPY . /source
RUN /source/ci/install.sh /opt/reconciler

FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH
WORKDIR /project
USER 65532:65532
ENTRYPOINT ["reconciler"]
