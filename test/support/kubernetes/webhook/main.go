// The webhook authenticator of the Kubernetes API server, asked about the tokens of standard input: a line of JSON
// each. It is built inside the source of Kubernetes, whose code does everything that is tested here.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/plugin/pkg/authenticator/token/webhook"
)

type question struct {
	Token string `json:"token"`
	// What the API server answers to. Absent: it does not limit audiences.
	Audiences []string `json:"audiences"`
}

type answer struct {
	OK        bool                `json:"ok"`
	Error     string              `json:"error,omitempty"`
	Name      string              `json:"name,omitempty"`
	UID       string              `json:"uid,omitempty"`
	Groups    []string            `json:"groups,omitempty"`
	Extra     map[string][]string `json:"extra,omitempty"`
	Audiences []string            `json:"audiences,omitempty"`
}

func fail(message interface{}) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}

func ask(server *webhook.WebhookTokenAuthenticator, asked question) answer {
	ctx := context.Background()
	if asked.Audiences != nil {
		ctx = authenticator.WithAudiences(ctx, asked.Audiences)
	}
	response, ok, err := server.AuthenticateToken(ctx, asked.Token)
	said := answer{OK: ok}
	if err != nil {
		said.Error = err.Error()
	}
	if response != nil {
		user := response.User
		said.Name, said.UID, said.Groups = user.GetName(), user.GetUID(), user.GetGroups()
		said.Extra, said.Audiences = user.GetExtra(), response.Audiences
	}
	return said
}

func main() {
	if len(os.Args) != 3 {
		fail("usage: webhook KUBECONFIG VERSION")
	}
	server, err := webhook.New(os.Args[1], os.Args[2], nil, *webhook.DefaultRetryBackoff(), nil)
	if err != nil {
		fail(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			fail(err)
		}
		if err := out.Encode(ask(server, asked)); err != nil {
			fail(err)
		}
	}
}
