# The image of logtriage: one program on nothing, or, by default, with ONNX Runtime beside it for graphs that
# the native engine does not know.
#
#   docker buildx build --platform linux/amd64,linux/arm64 -t REGISTRY/logtriage:0.1.0 --push .
#   docker buildx build --target native -t REGISTRY/logtriage:0.1.0-native .   # 13 MB less to pull
#
# Each platform compiles for itself: give buildx a builder of each kind, or it emulates one of them, slowly.
# `make image-test` builds it with buildah where there is no container registry, and posts a batch to it.
#
# To pin the bases by digest, as a release should: --build-arg RUST_IMAGE=rust@sha256:... and the same for
# PYTHON_IMAGE; `docker buildx imagetools inspect rust:1.95.0-bookworm` prints the digest.
ARG RUST_IMAGE=rust:1.95.0-bookworm
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# ONNX Runtime, in the version and with the hashes of the trainer's lock.
FROM ${PYTHON_IMAGE} AS onnxruntime
WORKDIR /build
COPY scripts/tools/common.sh scripts/tools/onnxruntime.sh scripts/tools/
COPY scripts/requirements-train.txt scripts/
RUN scripts/tools/onnxruntime.sh

# The dependencies alone, under sources that say nothing: this layer stays until the lock changes.
FROM ${RUST_IMAGE} AS dependencies
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY scripts/image/hollow.sh scripts/image/
RUN scripts/image/hollow.sh && cargo build --release --locked --bin logtriage

FROM dependencies AS build
COPY src src
COPY bundles/default bundles/default
COPY configs configs
COPY LICENSE ./
COPY scripts/image scripts/image
COPY --from=onnxruntime /build/.tools/onnxruntime /onnxruntime
# The sources are older than what was compiled of the hollow ones.
RUN touch src/lib.rs src/main.rs && cargo build --release --locked --bin logtriage \
    && scripts/image/assemble.sh target/release/logtriage /onnxruntime /root-native /root-onnxruntime

# What the image is made of, as CycloneDX: crates, ONNX Runtime, Debian's libraries.
FROM ${PYTHON_IMAGE} AS sbom
WORKDIR /build
COPY scripts/image/sbom.py ./
COPY Cargo.lock scripts/requirements-train.txt ./
COPY --from=build /parts parts
RUN python3 sbom.py parts Cargo.lock >native.cdx.json \
    && python3 sbom.py parts Cargo.lock requirements-train.txt >onnxruntime.cdx.json

FROM scratch AS native
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="logtriage" \
    org.opencontainers.image.description="Judges log records: critical, suspicious, routine or noise" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /root-native/base /
COPY --from=build /root-native/program /
COPY --from=sbom /build/native.cdx.json /usr/share/logtriage/sbom.cdx.json
USER 65532:65532
EXPOSE 8080 9090
STOPSIGNAL SIGTERM
# Kubernetes asks the operations port; there is no program here that Docker could ask with.
HEALTHCHECK NONE
ENTRYPOINT ["/usr/bin/logtriage"]
CMD ["serve"]

FROM native AS logtriage
COPY --from=build /root-onnxruntime /
COPY --from=sbom /build/onnxruntime.cdx.json /usr/share/logtriage/sbom.cdx.json
