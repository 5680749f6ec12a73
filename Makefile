# Every target is a line or two; the work is in scripts/ so that CI and the Dockerfile do the same.
LISTEN ?= 127.0.0.1:8080
ARGS   ?=

.PHONY: run build models test lint bench fuzz convert clean

run: build        ## install, build, fetch the model, serve: then open the printed address
	scripts/setup.sh runtime
	OMNILIVE_BIN=bin/omnilive scripts/start.sh --listen $(LISTEN) $(ARGS)

build:            ## bin/omnilive
	scripts/setup.sh build
	go build -o bin/omnilive ./cmd/omnilive

models: build     ## every model part and library that the tests use
	bin/omnilive models fetch --set all

test: models      ## lint, the page's types, a call in a real browser, the Go tests under the race detector
	scripts/setup.sh test
	scripts/test.sh

lint:             ## formatting, vet, staticcheck, go.mod
	scripts/lint.sh

bench: models     ## the numbers of the README
	bin/omnilive bench $(ARGS)

fuzz:             ## FUZZTIME (30s) for every fuzz target
	scripts/fuzz.sh

clean:            ## what was built; fetched models stay
	rm -rf bin .cache test/browser/node_modules test/browser/out
