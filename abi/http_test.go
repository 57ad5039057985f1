package abi

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

// document is a vector of http_request.json or http_response.json.
type document struct {
	Case     string
	Document string // hex
	Valid    bool
	Head     json.RawMessage
	Body     string // hex
}

func TestRequestDocumentsAreReadAsTheirVectorsSay(t *testing.T) {
	for _, v := range documents(t, "testdata/http_request.json") {
		t.Run(v.Case, func(t *testing.T) {
			got, err := DecodeHTTPRequest(unhex(t, v.Document))
			if !v.Valid {
				refused(t, err, CodeHTTPInvalid)
				return
			}
			want := HTTPRequest{Body: unhex(t, v.Body)}
			sameDocument(t, v, got, err, &want)
			again(t, got, EncodeHTTPRequest, DecodeHTTPRequest)
		})
	}
}

func TestAnswerDocumentsAreReadAsTheirVectorsSay(t *testing.T) {
	for _, v := range documents(t, "testdata/http_response.json") {
		t.Run(v.Case, func(t *testing.T) {
			got, err := DecodeHTTPResponse(unhex(t, v.Document))
			if !v.Valid {
				refused(t, err, CodeHTTPInvalid)
				return
			}
			want := HTTPResponse{Body: unhex(t, v.Body)}
			sameDocument(t, v, got, err, &want)
			again(t, got, EncodeHTTPResponse, DecodeHTTPResponse)
		})
	}
}

func FuzzDecodeHTTPRequest(f *testing.F) {
	for _, v := range documents(f, "testdata/http_request.json") {
		f.Add(unhex(f, v.Document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := DecodeHTTPRequest(data); err == nil {
			again(t, r, EncodeHTTPRequest, DecodeHTTPRequest)
		}
	})
}

func documents(t testing.TB, path string) (list []document) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &list); err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	return list
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sameDocument fills want with the vector's head and compares.
func sameDocument[T any](t *testing.T, v document, got T, err error, want *T) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(v.Head, want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, *want) {
		t.Errorf("got  %+v\nwant %+v", got, *want)
	}
}

func again[T any](t *testing.T, v T, enc func(T) ([]byte, error), dec func([]byte) (T, error)) {
	t.Helper()
	first, err := enc(v)
	if err != nil {
		t.Fatal(err)
	}
	back, err := dec(first)
	if err != nil {
		t.Fatalf("%q: %v", first, err)
	}
	if second, err := enc(back); err != nil || !bytes.Equal(first, second) {
		t.Errorf("first  %q\nsecond %q, %v", first, second, err)
	}
}
