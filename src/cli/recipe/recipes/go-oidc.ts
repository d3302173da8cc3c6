// go-oidc in a handler for net/http.

import { type Recipe, type RecipeDemands, defineRecipe } from '../form.ts'
import { quoted } from '../quote.ts'
import { conditionsOf } from './conditions.ts'

const set = (values: readonly string[]): string =>
  `map[string]bool{${values.map((value) => `${quoted(value)}: true`).join(', ')}}`

const program = (demands: RecipeDemands): string => {
  const { issuer, audience, roles } = demands
  const conditions = conditionsOf(demands)
  const sets = conditions.map(({ name, values }) => `\nvar ${name} = ${set(values)}\n`).join('')
  const more = conditions.map(({ name, claim }) => ` || !${name}[found.Ecs["${claim}"]]`).join('')
  return `package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"strings"

	oidc "github.com/coreos/go-oidc" // version 3: "github.com/coreos/go-oidc/v3/oidc"
)

const issuer = ${quoted(issuer)}

const audience = ${quoted(audience)} // your own name, as the policy of rollcall has it

var roles = ${set(roles)}
${sets}
type claims struct {
	Role string            \`json:"role"\`
	Cnf  json.RawMessage   \`json:"cnf"\`
	Ecs  map[string]string \`json:"ecs"\`
}

// checkHeader refuses what go-oidc accepts: a token of another type, and one that names no key.
func checkHeader(token string) error {
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		return err
	}
	var header struct{ Typ, Kid string }
	if err := json.Unmarshal(text, &header); err != nil {
		return err
	}
	if header.Typ != "JWT" || header.Kid == "" {
		return errors.New("not an enrollment token")
	}
	return nil
}

// checkToken returns the claims of a valid token.
func checkToken(ctx context.Context, verifier *oidc.IDTokenVerifier, token string) (*claims, error) {
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := checkHeader(token); err != nil {
		return nil, err
	}
	var found claims
	if err := verified.Claims(&found); err != nil {
		return nil, err
	}
	if found.Cnf != nil {
		return nil, errors.New("bound to a key: the instance has to exchange it first")
	}
	return &found, nil
}

func main() {
	provider, err := oidc.NewProvider(context.Background(), issuer)
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{
		ClientID:             audience,
		SupportedSigningAlgs: []string{oidc.ES256, oidc.RS256},
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			token = ""
		}
		found, err := checkToken(r.Context(), verifier, token)
		if err != nil {
			log.Printf("refused: %q", err) // %q: a stranger wrote parts of it
			w.Header().Set("WWW-Authenticate", "Bearer")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if !roles[found.Role]${more} {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Write([]byte(found.Ecs["instance_id"] + "\\n"))
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
`
}

/** A handler with go-oidc. */
export const goOidc: Recipe = defineRecipe({
  name: 'go-oidc',
  title: 'Go with go-oidc',
  ran: 'go-oidc 2.1',
  ban: 'gets in until its token expires',
  conditions: ['accounts', 'regions'],
  severalRoles: true,
  options: {},
  page: 'use/go.md',
  files: (values) => [{ path: 'main.go', language: 'go', text: program(values) }],
  steps: () => [
    'go get github.com/coreos/go-oidc/v3, and change the import as its comment says',
    'PORT=8080 go run .',
    'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8080/',
  ],
})
