# The pipeline in a container, with the versions of constraints.txt. torch is PyPI's, for GPUs and without.
#   docker build -t blockmaps .
#   docker run --rm -v "$PWD:/work" -u "$(id -u):$(id -g)" blockmaps --cores all     (--gpus all: with GPUs)
# Results come to the folder that is mounted; a preset there is named by --configfile.
FROM python:3.11-slim-bookworm

WORKDIR /opt/blockmaps
COPY constraints.txt environment.yml LICENSE pyproject.toml README.md Snakefile ./
COPY config config
COPY profiles profiles
COPY published published
COPY src src
COPY workflow workflow
RUN pip install --no-cache-dir -c constraints.txt -e .

# whoever runs it has no home here
ENV XDG_CACHE_HOME=/tmp/cache MPLCONFIGDIR=/tmp/cache/matplotlib
WORKDIR /work
ENTRYPOINT ["snakemake", "--snakefile", "/opt/blockmaps/Snakefile"]
