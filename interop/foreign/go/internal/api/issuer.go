package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// JWKSURL asks the issuer's metadata where its keys are, for a library that leaves discovery to the application.
func JWKSURL() (string, error) {
	answer, err := Client().Get(Issuer + "/.well-known/openid-configuration")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the issuer answers %s", answer.Status)
	}
	var metadata struct {
		Issuer string `json:"issuer"`
		URL    string `json:"jwks_uri"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&metadata); err != nil {
		return "", err
	}
	if metadata.Issuer != Issuer {
		return "", errors.New("the metadata are of another issuer")
	}
	return metadata.URL, nil
}
