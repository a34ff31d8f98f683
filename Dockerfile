# The command in a small image, with extras as wanted:
#   docker build --build-arg EXTRAS="aws vault" -t reconciler .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/project" reconciler plan --out plan.json
# `--user` lets it write into the folder. The folder's git may be another user's: only /project is trusted for that.
FROM python:3.12-slim AS build
ARG EXTRAS=""
COPY . /source
RUN /source/ci/install.sh /opt/reconciler "$EXTRAS"

FROM python:3.12-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /project
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH HOME=/tmp
WORKDIR /project
USER 65532:65532
ENTRYPOINT ["reconciler"]
