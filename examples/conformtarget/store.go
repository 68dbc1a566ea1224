package main

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"time"
)

// A store remembers proofs for all processes, at a URL: an entry is created unless it is there already.
type store string

func (base store) FirstUse(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, string(base)+url.PathEscape(key), nil)
	if err != nil {
		return false, err
	}
	request.Header.Set("If-None-Match", "*")
	request.Header.Set("Cache-Control", fmt.Sprintf("max-age=%.0f", math.Ceil(ttl.Seconds())))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusCreated:
		return true, nil
	case http.StatusPreconditionFailed:
		return false, nil
	}
	return false, fmt.Errorf("the store answers %s", answer.Status)
}
