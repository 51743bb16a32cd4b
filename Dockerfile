# The page and the Chroma server of compose.yaml, with CPU-only PyTorch.
FROM python:3.11.9-slim-bookworm
WORKDIR /build
COPY . .
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu torch==2.13.0 \
    && pip install --no-cache-dir --constraint constraints.txt ".[servers]" \
    && rm -rf /build
RUN useradd --uid 1000 --create-home cited && mkdir /data /vectors && chown cited:cited /data /vectors
USER cited
WORKDIR /home/cited
ENTRYPOINT ["cited"]
CMD ["ui"]
