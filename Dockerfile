# Two stages; what each installs is what `make run` installs, by the same script (setup_test.go holds that).
# The models come into the volume at the first start:
#   docker run -e OMNILIVE_API_KEY=… -v omnilive:/models -p 8080:8080 -p 8081:8081/udp -p 8081:8081/tcp omnilive
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY scripts/setup.sh scripts/setup.sh
RUN scripts/setup.sh build
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o bin/omnilive ./cmd/omnilive
RUN bin/omnilive models fetch --set libs --models-dir /tmp/models --lib-dir /opt/omnilive/lib

FROM debian:bookworm-slim
COPY scripts/setup.sh /tmp/setup/scripts/setup.sh
# The libraries come from the first stage and all models by pip: no npm in the image.
RUN OMNILIVE_NO_NPM=1 /tmp/setup/scripts/setup.sh runtime && rm -rf /tmp/setup /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home omnilive && install -d -o omnilive -g omnilive /models
COPY --from=build /opt/omnilive/lib /opt/omnilive/lib
COPY --from=build /src/bin/omnilive /usr/local/bin/omnilive
COPY --from=build /src/scripts/start.sh /usr/local/bin/start.sh
COPY --from=build /src/LICENSE /src/NOTICE /usr/share/doc/omnilive/
ENV OMNILIVE_MODELS=/models OMNILIVE_LIB=/opt/omnilive/lib
VOLUME /models
USER omnilive
EXPOSE 8080/tcp 8081/udp 8081/tcp
HEALTHCHECK --interval=10s --timeout=5s --start-period=15m CMD ["omnilive", "health", "--address", "127.0.0.1:8080"]
ENTRYPOINT ["/usr/local/bin/start.sh"]
CMD ["--listen", "0.0.0.0:8080", "--media-port", "8081", "--tls-self-signed"]
