# The steps of run, which sources this file. Each step_x runs in a subshell of its own, at the root, under set -e.

# --- the words the steps are written in

note() { echo "$*" | tee -a "$tmp/$step.note"; }                            # what ran; goes into the summary
skip() { echo "!! NOT RUN: $*"; echo "$*" >>"$tmp/$step.skip"; }            # what did not, and why; likewise
fail() { echo "FAILED: $*"; return 1; }
show() { echo "+ $*"; "$@"; }
files() { git -c core.quotePath=false ls-files -co --exclude-standard -- "$@" | grep -vE '(^|/)vendor/' |
	while read -r f; do [ ! -f "$f" ] || echo "$f"; done; }

# online WHAT CMD...: runs CMD and tells "nothing can be downloaded here", which is skipped, from failing by itself.
# Returns 0 when done, 1 when failed, 2 when skipped.
online() {
	local what=$1 log=$tmp/online.log
	shift
	show "$@" 2>&1 | tee "$log" && return 0
	grep -qE 'dial tcp|i/o timeout|proxyconnect|module lookup disabled|connection re(fused|set)' "$log" || return 1
	skip "$what: it has to be downloaded, and that failed: $(tail -n1 "$log")"
	return 2
}

# --- the steps

step_gofmt() {
	local bad
	bad=$(files '*.go' | tr '\n' '\0' | xargs -0 gofmt -l)
	[ -z "$bad" ] || fail "not gofmt-clean:" $bad
}

step_modules() {
	local rc=0
	online "go mod tidy, vendor and verify" go mod tidy -diff || rc=$?
	[ $rc -ne 2 ] || return 0
	[ $rc -eq 0 ] || fail "not tidy; try: go mod tidy && go mod vendor"
	if [ -d vendor ]; then
		show go mod vendor -o "$tmp/vendor"
		diff -r vendor "$tmp/vendor" || fail "vendor/ is not what go.mod says; try: go mod vendor"
	fi
	show go mod verify
}

step_vet() {
	local target
	show go vet ./...
	show go vet .ci/docs-check.go
	for target in windows/amd64 darwin/arm64 linux/arm64 linux/386; do
		show env GOOS="${target%/*}" GOARCH="${target#*/}" go vet ./...
	done
	show env GOOS=js GOARCH=wasm go vet $CORE
	show env GOOS=wasip1 GOARCH=wasm go vet $CORE
}

step_lint() {
	local rc=0 bad=0 log=$tmp/govulncheck.log
	online staticcheck env GOBIN="$tmp/bin" go install "$STATICCHECK" || rc=$?
	if [ $rc -eq 0 ]; then
		show "$tmp/bin/staticcheck" -checks inherit,ST1000 ./... || bad=1
		show "$tmp/bin/staticcheck" -checks ST1020,ST1021,ST1022 . || bad=1 # the form of doc comments, where users read them
		note "staticcheck ${STATICCHECK#*@}"
	fi
	[ $rc -ne 1 ] || bad=1
	rc=0
	online "govulncheck: NO CHECK FOR KNOWN VULNERABILITIES WAS MADE" env GOBIN="$tmp/bin" go install "$GOVULNCHECK" || rc=$?
	if [ $rc -eq 0 ]; then
		if show "$tmp/bin/govulncheck" ${GOVULNDB:+-db="$GOVULNDB"} ./... 2>&1 | tee "$log"; then
			note "govulncheck ${GOVULNCHECK#*@}"
		elif grep -q 'fetching vulnerabilities' "$log"; then
			skip "govulncheck: NO CHECK FOR KNOWN VULNERABILITIES WAS MADE, their database is out of reach: $(tail -n1 "$log")"
		else
			bad=1
		fi
	fi
	[ $rc -ne 1 ] || bad=1
	return $bad
}

# python3-zmq is how the tests meet libzmq. Where it can be had, a test that skips for want of it fails.
pyzmq() {
	local has='import zmq'
	if ! /usr/bin/python3 -c "$has" 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -q && apt-get install -qy --no-install-recommends python3-zmq || echo "cannot install python3-zmq"
	fi
	if /usr/bin/python3 -c "$has" 2>/dev/null; then
		export MQ_REQUIRE_LIBZMQ=1
		note "against libzmq $(/usr/bin/python3 -c 'import zmq; print(zmq.zmq_version())')"
	else
		skip "the tests against libzmq: there is no python3-zmq here"
	fi
}

# Root can read everything, so what happens to those who cannot is tested as somebody else.
step_test() {
	pyzmq
	show go test ./...
	[ "$(id -u)" = 0 ] || return 0
	command -v setpriv >/dev/null || { skip "TestUnreadableFilesAreNamedBeforeWorkBegins: there is no setpriv to become somebody else"; return; }
	local open log
	open=$(mktemp -d) log=$tmp/unreadable.log
	chmod 755 "$open"
	go test -c -o "$open/wordcount.test" ./examples/wordcount
	(cd / && TMPDIR=/tmp setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$open/wordcount.test" -test.v -test.run='^TestUnreadable') | tee "$log"
	rm -r "$open"
	grep -q -- '--- PASS: TestUnreadableFilesAreNamedBeforeWorkBegins' "$log"
}

step_race() {
	pyzmq
	show go test -race -shuffle=on -timeout=30m ./...
}

# 64-bit atomics are only aligned there if the types see to it. Without -race, which 386 does not have.
step_i386() {
	export GOARCH=386 CGO_ENABLED=0
	show go build -o /dev/null ./...
	printf 'package main\n\nfunc main() {}\n' >"$tmp/empty.go"
	if go run "$tmp/empty.go"; then
		show go test ./...
		note "GOARCH=386 go test ./..."
	else
		skip "GOARCH=386 go test: this machine cannot run 386 programs; built (and vetted) only"
	fi
}

step_cross() {
	local target
	for target in windows/amd64 darwin/arm64 linux/arm64; do
		show env GOOS="${target%/*}" GOARCH="${target#*/}" go build -o /dev/null ./...
	done
	show env GOOS=js GOARCH=wasm go build -o /dev/null $CORE
	show env GOOS=wasip1 GOARCH=wasm go build -o /dev/null $CORE
	note "built, not run: windows/amd64, darwin/arm64, linux/arm64; the core for js/wasm and wasip1/wasm"
}

step_wasm() {
	if ! command -v node >/dev/null && [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -q && apt-get install -qy --no-install-recommends nodejs || echo "cannot install node"
	fi
	command -v node >/dev/null || { skip "the core's tests on js/wasm: there is no node here; built only"; return; }
	# An environment as long as CI services have is refused by Go's wasm_exec.js.
	printf '#!/bin/sh\nexec env -i PATH="$PATH" HOME="$HOME" "%s" "$@"\n' "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" >"$tmp/js"
	chmod +x "$tmp/js"
	show env GOOS=js GOARCH=wasm go test -short -timeout=10m -exec="$tmp/js" $CORE
	note "js/wasm under node $(node --version): go test -short $CORE"
}

# Who may know whom: the core stays free of the network, the network of the patterns, and rings and codec of everything.
step_imports() {
	local mod
	mod=$(go list -m)
	# only PACKAGE REGEXP: of what PACKAGE depends on outside the standard library, all must match.
	only() {
		local deps
		deps=$(go list -deps -f '{{if not .Standard}}{{.ImportPath}}{{end}}' "$1")
		echo "$1 depends on:" $deps
		if deps=$(grep -vxE "$2" <<<"$deps"); then fail "$1 must not depend on:" $deps; fi
	}
	! go list -deps . | grep -x net || fail "the core must not import the standard net"
	only . "$mod|$mod/internal/.*|golang.org/x/sync/.*"
	only ./internal/transport "$mod/internal/(transport|ring)|golang.org/x/sync/.*"
	only ./internal/ring "$mod/internal/ring"
	only ./internal/reuse "$mod/internal/reuse"
	only ./net "$mod/net|$mod/net/internal/zmtp|$mod/internal/(transport|ring|reuse)|golang.org/x/sync/.*"
	only ./net/internal/zmtp "$mod/net/internal/zmtp|$mod/internal/reuse"
}

step_fuzz() {
	local target pkg name try log=$tmp/fuzz.log
	go test -list='^Fuzz' ./... >"$log" || { cat "$log"; return 1; }
	for target in $(awk '/^Fuzz/ { f[++n] = $1 } /^ok/ { while (n > 0) print f[n--] "@" $2; n = 0 }' "$log"); do
		name=${target%%@*} pkg=${target#*@}
		for try in 1 2; do
			show go test -run='^$' -fuzz="^$name\$" -fuzztime="$FUZZTIME" "$pkg" 2>&1 | tee "$log" && break
			# Before Go 1.27 the mere end of -fuzztime can come out as a failure (golang/go#75804). Twice is no accident.
			[ $try = 1 ] && grep -qxE ' +context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || fail "$target"
		done
		note "$name $FUZZTIME"
	done
}

step_bench() { show go test -run='^$' -bench=. -benchtime=1x -timeout=20m ./...; } # that they run; no timing

step_nested() {
	local mod dir rc
	for mod in $(files '*/go.mod' | grep -v /testdata/); do
		dir=${mod%/go.mod} rc=0
		echo "in $dir:"
		cd "$root/$dir"
		online "$dir" go vet ./... || rc=$?
		[ $rc -ne 2 ] || continue
		[ $rc -eq 0 ] || fail "$dir"
		show go build -o /dev/null ./...
		show go test ./...
		note "$dir"
		if grep -rqs --include='*.go' '^//go:build libzmq' .; then with_libzmq; fi
	done
}

# What is built against libzmq is built again with it, if it can be had.
with_libzmq() {
	if ! pkg-config --exists libzmq && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
		apt-get update -q && apt-get install -qy --no-install-recommends libzmq3-dev pkg-config || echo "cannot install libzmq"
	fi
	pkg-config --exists libzmq || { skip "$dir with -tags libzmq: there is no libzmq here"; return; }
	show go vet -tags libzmq ./...
	show env MQ_REQUIRE_LIBZMQ=1 go test -tags libzmq ./... # a test that skips for want of it fails
	note "$dir with libzmq $(pkg-config --modversion libzmq)"
}

step_examples() {
	local out
	show go build -o /dev/null ./examples/...
	show go run ./examples/wordcount -verify
	show go run ./examples/wordcount -verify -addr tcp://127.0.0.1:0
	show go run ./examples/wordcount -verify -addr "ipc://$tmp/wordcount"
	! out=$(show go run ./examples/wordcount "$tmp/no-such-file" 2>&1) || fail "a file that is not there was taken"
	echo "$out"
	tail -n +2 <<<"$out" | grep -qF "$tmp/no-such-file" || fail "that does not name the missing file"
}

step_docs() { files | go run .ci/docs-check.go; }

# A fresh clone works with nothing but Go: with an empty module cache, and no proxy to fill it from.
step_clone() {
	git rev-parse -q --verify HEAD || { skip "the fresh clone: nothing is committed yet"; return; }
	[ -z "$(git status --porcelain)" ] || note "HEAD only, without what is not committed"
	git clone -q "$root" "$tmp/clone"
	cd "$tmp/clone"
	export GOFLAGS="$GOFLAGS -mod=vendor" GOPROXY=off GOMODCACHE="$tmp/empty"
	show go vet ./...
	show go test -count=1 -run=Example ./...
}
