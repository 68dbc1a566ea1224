package fault

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
)

// wrap answers by handler in place of a healthy one.
func wrap(handler http.HandlerFunc) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler { return handler }
}

func answer(status int, contentType, body string) func(http.Handler) http.Handler {
	return wrap(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func answerJSON(body string) func(http.Handler) http.Handler {
	return answer(http.StatusOK, "application/json", body)
}

// edited changes each answer before it is sent.
func edited(change func(answer *httptest.ResponseRecorder, r *http.Request)) func(http.Handler) http.Handler {
	return func(healthy http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			healthy.ServeHTTP(answer, r)
			change(answer, r)
			maps.Copy(w.Header(), answer.Header())
			w.WriteHeader(answer.Code)
			_, _ = answer.Body.WriteTo(w)
		})
	}
}

func field(name, value string) func(http.Handler) http.Handler {
	return edited(func(answer *httptest.ResponseRecorder, _ *http.Request) { answer.Header()[name] = []string{value} })
}

// object changes the members of each answer that is a JSON object.
func object(change func(members map[string]any)) func(http.Handler) http.Handler {
	return edited(func(answer *httptest.ResponseRecorder, _ *http.Request) {
		var members map[string]any
		if json.Unmarshal(answer.Body.Bytes(), &members) != nil {
			return
		}
		change(members)
		body, _ := json.Marshal(members)
		answer.Body = bytes.NewBuffer(body)
	})
}

func members(changes map[string]any) func(http.Handler) http.Handler {
	return object(func(members map[string]any) {
		maps.Copy(members, changes)
		maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	})
}

// member changes a text of the object.
func member(name string, change func(string) string) func(http.Handler) http.Handler {
	return object(func(members map[string]any) {
		text, _ := members[name].(string)
		members[name] = change(text)
	})
}

// moreKeys puts others before the keys of the set.
func moreKeys(others func(own []any) []any) func(http.Handler) http.Handler {
	return object(func(members map[string]any) {
		own, _ := members["keys"].([]any)
		members["keys"] = slices.Concat(others(own), own)
	})
}

// eachKey changes each key of the set.
func eachKey(change func(key map[string]any)) func(http.Handler) http.Handler {
	return object(func(members map[string]any) {
		own, _ := members["keys"].([]any)
		for _, key := range own {
			if key, isObject := key.(map[string]any); isObject {
				change(key)
			}
		}
	})
}
