# kmatrix: the same probes on many Linux kernels, side by side.
# `make run` and `make test` set up all they need, system packages included.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup build run test chaos check lint fmt bench fuzz clean FORCE

# Programs that kmatrix runs, and the Debian packages that hold them.
# The second line is what kernels are built with; libelf.h is for objtool.
PROGRAMS := qemu-system-x86_64 mkfs.xfs mkfs.ext4 mkfs.btrfs xz \
            gcc ld flex bison bc lz4 patch git
PACKAGES := qemu-system-x86 xfsprogs e2fsprogs btrfs-progs xz-utils debian-archive-keyring \
            gcc libc6-dev make binutils flex bison bc lz4 libelf-dev libssl-dev patch git
FILES    := /usr/share/keyrings/debian-archive-keyring.gpg /usr/include/libelf.h

CACHE       := $(HOME)/.cache/kmatrix
LINT_MODULE := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
LINT_VERSION := v2.15.0
LINT        := $(CACHE)/tools/golangci-lint-$(LINT_VERSION)/golangci-lint

# mkfs lies in sbin, which a user's PATH need not have.
export PATH := $(PATH):/usr/sbin:/sbin
# A released toolchain is named in go.mod; nothing here needs a C compiler.
export CGO_ENABLED := 0

# What `make run` hands to `kmatrix run`, for example ARGS='--all -k 6.1'.
ARGS :=
# How long `make fuzz` takes over each target.
FUZZTIME := 10m

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## install the system packages that are missing
	@missing=; for p in $(PROGRAMS); do command -v $$p >/dev/null || missing="$$missing $$p"; done; \
	for f in $(FILES); do test -r $$f || missing="$$missing $$f"; done; \
	test -n "$$missing" || exit 0; \
	echo "missing:$$missing"; \
	sudo=; test "$$(id -u)" = 0 || sudo=sudo; \
	if ! command -v apt-get >/dev/null || { test -n "$$sudo" && ! command -v sudo >/dev/null; }; then \
		echo "kmatrix needs these programs and files. On Debian, root installs them with" >&2; \
		echo "    apt-get install $(PACKAGES)" >&2; \
		echo "elsewhere install the packages that hold them, and run make again." >&2; \
		exit 1; \
	fi; \
	$$sudo apt-get update -q && \
	$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $(PACKAGES)

build: bin/kmatrix bin/initramfs.cpio ## build bin/kmatrix and the guest's initramfs beside it

bin/kmatrix: FORCE
	@go build -trimpath -o $@ ./host/kmatrix

# The agent is linked anew only when its sources changed, and the archive made
# anew only when the agent did.
bin/agent: FORCE
	@go build -trimpath -ldflags '-s -w' -o $@.new ./guest/agent
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

MKBASE := $(wildcard vmimage/initramfs/*.go vmimage/mkbase/*.go)

# The guest's commands are the tools of go.mod, so that their sources come with
# the modules.
bin/commands.cpio: go.mod $(MKBASE)
	@go run ./vmimage/mkbase -o $@ $$(go list tool | grep /cmds/core/)

bin/initramfs.cpio: bin/commands.cpio bin/agent
	@go run ./vmimage/mkbase -o $@ -agent bin/agent bin/commands.cpio

run: setup build ## boot the kernels of kernels.yaml, run the probes, print the table
	@bin/kmatrix run $(ARGS)

test: setup build ## run every test, real kernels in real guests included
	go test -tags boots -timeout 75m ./...

# Which faults, and when: `make chaos SEED=7`; without, it takes and prints one.
SEED := 0

chaos: setup build ## run a matrix while the host fails: killed, stopped, without room
	go test -tags chaos -run '^TestChaos$$' -v -count=1 -timeout 10m ./host/kmatrix -seed $(SEED)

check: setup lint ## formatting, go vet, linters, tidy modules
	@unformatted=$$(gofmt -l guest host matrix vmimage); \
	test -z "$$unformatted" || { echo "not formatted (make fmt): $$unformatted" >&2; exit 1; }
	go vet -tags boots,chaos ./...
	go mod tidy -diff

lint: $(LINT) ## run the linters of .golangci.yml, which hold the import directions
	$(LINT) run --build-tags boots,chaos ./...

$(LINT):
	GOBIN=$(@D) go install $(LINT_MODULE)@$(LINT_VERSION)

fmt: ## format the sources
	gofmt -w guest host matrix vmimage

bench: setup build ## measure what must be fast, each beside its floor
	go test -tags boots -run '^$$' -bench . -skip Stability -benchtime 5x -timeout 40m ./...
	go test -tags boots -run '^$$' -bench Stability -benchtime 1x -timeout 40m ./host/kmatrix

fuzz: ## give each parser of what comes from outside FUZZTIME (10m) of odd input
	@grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z]*' guest host matrix vmimage | sed 's|/[^/]*:func | |' | sort | \
	while read -r package target; do \
		echo "$$package $$target"; \
		go test ./$$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) </dev/null || exit 1; \
	done

clean: ## remove what build made; the cache (~/.cache/kmatrix) and runs/ stay
	rm -rf bin
