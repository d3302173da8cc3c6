package main

import (
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"go.mozilla.org/pkcs7"
)

// challengeOf has the name of this service and role, an expiry and random bytes, and a MAC over all.
func challengeOf(expiryAndRandom []byte, role string) []byte {
	name := sha256.Sum256([]byte("go-audience\n" + issuer + "\n" + role + "\n"))
	mac := hmac.New(sha256.New, macKey)
	mac.Write(expiryAndRandom)
	mac.Write([]byte(role))
	return append(append(name[:24:24], expiryAndRandom...), mac.Sum(nil)[:14]...)
}

func checkChallenge(audience, role string, now int64) error {
	raw, err := url.DecodeString(audience)
	if err != nil || len(raw) != 48 || !hmac.Equal(raw, challengeOf(raw[24:34], role)) {
		return errors.New("not a challenge")
	}
	if int64(binary.BigEndian.Uint32(raw[24:])) <= now {
		return errors.New("an old challenge")
	}
	return nil
}

// readEvidence verifies a message and reads the document in it.
func readEvidence(text string) (content []byte, fields map[string]string, err error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, nil, err
	}
	message, err := pkcs7.Parse(der)
	if err != nil {
		return nil, nil, err
	}
	message.Certificates = []*x509.Certificate{anchor}
	if err = message.Verify(); err != nil {
		return nil, nil, err
	}
	err = json.Unmarshal(message.Content, &fields)
	return message.Content, fields, err
}

func signToken(claims object) string {
	payload, err := json.Marshal(claims)
	must(err)
	signed := url.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + url.EncodeToString(payload)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, signingKey, digest[:])
	must(err)
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + url.EncodeToString(signature)
}

func enroll(request *http.Request, role string, now int64) (answer, event object, err error) {
	content, fields, err := readEvidence(request.PostForm.Get("pkcs7"))
	if err != nil {
		return nil, nil, err
	}
	audience, document := fields["audience"], request.PostForm.Get("document")
	end := `,"audience":"` + audience + `"}`
	if document == "" || document[:len(document)-1]+end != string(content) {
		return nil, nil, errors.New("another document")
	}
	if err = checkChallenge(audience, role, now); err != nil {
		return nil, nil, err
	}
	digest, id := sha256.Sum256(content), sha256.Sum256([]byte(audience[32:]))
	jti, instance := url.EncodeToString(id[:]), fields["instance-id"]
	lock.Lock()
	defer lock.Unlock()
	if _, is := spent[audience[32:]]; is {
		return nil, nil, errors.New("a spent challenge")
	}
	spent[audience[32:]] = now
	records[fields["owner-account-id"]+"/"+instance] = fmt.Sprintf(`{"jti":%q,"digest":"%x"}`, jti, digest)
	delete(fields, "audience")
	token := signToken(object{"iss": issuer, "sub": instance, "aud": "cluster", "role": role, "jti": jti,
		"ecs": fields, "iat": now, "exp": now + tokenSeconds})
	answer = object{"access_token": token, "token_type": "Bearer", "expires_in": tokenSeconds, "role": role}
	return answer, object{"outcome": "issued", "role": role, "jti": jti, "instance_id": instance}, nil
}

func challenge(_ *http.Request, role string, now int64) (answer, event object, err error) {
	expiryAndRandom := make([]byte, 10)
	binary.BigEndian.PutUint32(expiryAndRandom, uint32(now+lifetimeSeconds))
	if _, err = rand.Read(expiryAndRandom[4:]); err != nil {
		return nil, nil, err
	}
	audience := url.EncodeToString(challengeOf(expiryAndRandom, role))
	return object{"audience": audience, "expires_in": lifetimeSeconds}, object{"outcome": "issued", "role": role}, nil
}
