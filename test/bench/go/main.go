// A peer of the service in Go: the same two calls over the same evidence, with its state in memory. What our
// server costs is compared with it. `verify` in place of a server measures the library for PKCS #7 alone.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const lifetimeSeconds, tokenSeconds = 120, 3600

type object map[string]interface{}

var (
	issuer     = os.Getenv("ROLLCALL_ISSUER")
	anchor     *x509.Certificate
	signingKey *ecdsa.PrivateKey
	macKey     []byte
	url        = base64.RawURLEncoding
	lock       sync.Mutex
	spent      = map[string]int64{}
	records    = map[string]string{}
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func loadKeys() {
	block, _ := pem.Decode([]byte(os.Getenv("ROLLCALL_TRUST_ANCHORS")))
	certificate, err := x509.ParseCertificate(block.Bytes)
	must(err)
	anchor = certificate
	var set struct{ Keys []struct{ X, Y, D string } }
	must(json.Unmarshal([]byte(os.Getenv("ROLLCALL_SIGNING_KEYS")), &set))
	number := func(text string) *big.Int {
		raw, err := url.DecodeString(text)
		must(err)
		return new(big.Int).SetBytes(raw)
	}
	jwk := set.Keys[0]
	public := ecdsa.PublicKey{Curve: elliptic.P256(), X: number(jwk.X), Y: number(jwk.Y)}
	signingKey = &ecdsa.PrivateKey{PublicKey: public, D: number(jwk.D)}
	derived := sha256.Sum256([]byte("go-challenge" + jwk.D))
	macKey = derived[:]
}

// serve answers a call, and writes its audit event in one write.
func serve(name string, call func(*http.Request, string, int64) (object, object, error)) {
	http.HandleFunc("/v1/"+name, func(writer http.ResponseWriter, request *http.Request) {
		now, status := time.Now(), http.StatusOK
		must(request.ParseForm())
		answer, event, err := call(request, request.PostForm.Get("role"), now.Unix())
		if err != nil {
			status, answer = http.StatusUnauthorized, object{"code": "invalid_evidence"}
			event = object{"outcome": "refused", "reason": err.Error()}
		}
		id := request.Header.Get("X-Request-Id")
		if id == "" {
			random := make([]byte, 16)
			_, err = rand.Read(random)
			must(err)
			id = fmt.Sprintf("%x", random)
		}
		event["event"], event["request_id"], event["version"] = name, id, 1
		event["time"] = now.UTC().Format(time.RFC3339Nano)
		line, err := json.Marshal(event)
		must(err)
		_, err = os.Stdout.Write(append(line, '\n'))
		must(err)
		body, err := json.Marshal(answer)
		must(err)
		header := writer.Header()
		header.Set("Content-Type", "application/json")
		header.Set("X-Request-Id", id)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cache-Control", "no-store")
		writer.WriteHeader(status)
		_, _ = writer.Write(body)
	})
}

func main() {
	loadKeys()
	if len(os.Args) > 1 && os.Args[1] == "verify" {
		measureVerify()
		return
	}
	serve("challenge", challenge)
	serve("enroll", enroll)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	must(err)
	fmt.Fprintf(os.Stderr, "listening on http://%s\n", listener.Addr())
	must(http.Serve(listener, nil))
}
