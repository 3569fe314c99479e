.PHONY: test race bench microbench cover lint fuzz vendor wordcount ci

test:      ; go test ./...
race:      ; go test -race -shuffle=on ./...
bench:     ; $(MAKE) -C bench bench
microbench: ; go test -run=NONE -bench=. -benchmem ./...
cover:     ; go test -coverpkg=./... -coverprofile=cover.out ./... && go tool cover -func=cover.out
lint:      ; bash .ci/run gofmt vet lint imports docs
fuzz:      ; FUZZTIME=1m bash .ci/run fuzz
vendor:    ; go mod tidy && go mod vendor
wordcount: ; go run ./examples/wordcount -verify
ci:        ; bash .ci/run
