package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// RegistryVersion is the database's; it grows with every change.
func (s *Store) RegistryVersion(ctx context.Context) (version int64, err error) {
	err = s.queryRow(ctx, "select lessee.fn_registry_version()", nil, &version)
	return version, err
}

// LoadRegistry reads the registry as of one moment. A row that can't be read
// becomes a class that says so; it never fails the whole.
func (s *Store) LoadRegistry(ctx context.Context) (*registry.Snapshot, error) {
	var data []byte
	if err := s.queryRow(ctx, "select lessee.fn_registry_snapshot()", nil, &data); err != nil {
		return nil, err
	}
	var doc struct {
		Version  int64                    `json:"version"`
		Pending  []string                 `json:"pending"`
		Native   []string                 `json:"pending_native"`
		Secrets  []registry.SecretBinding `json:"secrets"`
		Settings settingRows              `json:"settings"`
		Classes  []json.RawMessage        `json:"classes"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("read the registry snapshot: %w", err)
	}
	classes := make([]registry.Class, len(doc.Classes))
	for i, row := range doc.Classes {
		classes[i] = readClass(row)
	}
	snapshot := registry.NewSnapshot(doc.Version, doc.Settings.read(), classes)
	snapshot.Pending, snapshot.Native, snapshot.Secrets = doc.Pending, doc.Native, doc.Secrets
	if s.pooling == PoolingTransaction {
		snapshot.Settings.Notify = false // whatever is sent, it does not come here
	}
	return snapshot, nil
}

type settingRows map[string]json.RawMessage

// read falls back to the defaults of the migration where a row is missing or odd.
func (rows settingRows) read() registry.Settings {
	out := registry.DefaultSettings()
	var poll int64
	_ = json.Unmarshal(rows["queue.runtime.phase"], &out.Phase)
	_ = json.Unmarshal(rows["queue.notify.enabled"], &out.Notify)
	if json.Unmarshal(rows["queue.poll_ms"], &poll) == nil && poll > 0 {
		out.Poll = time.Duration(poll) * time.Millisecond
	}
	return out
}

type classRow struct {
	Class        string               `json:"class"`
	Runtime      registry.Runtime     `json:"runtime"`
	ModuleSHA256 string               `json:"module_sha256"` // that runs
	NextSHA256   string               `json:"next_sha256"`
	PrevSHA256   string               `json:"previous_sha256"`
	Candidate    string               `json:"candidate_sha256"`
	Canary       int                  `json:"canary_percent"`
	Isolation    registry.Isolation   `json:"isolation"`
	Process      registry.Process     `json:"process"`
	Containment  registry.Containment `json:"containment"`
	Command      string               `json:"command"`
	Enabled      bool                 `json:"enabled"`
	Limits       abi.Limits           `json:"limits"`
	Retry        registry.RetryPolicy `json:"retry_policy"`
	Grants       registry.Grants      `json:"grants"`
	Config       json.RawMessage      `json:"config"`
	Concurrency  int                  `json:"concurrency"`
	Status       registry.Status      `json:"status"`
	StatusReason string               `json:"status_reason"`
	Faults       map[string]string    `json:"faults"`
}

func readClass(data json.RawMessage) registry.Class {
	row := classRow{Process: registry.DefaultProcess()}
	if err := json.Unmarshal(data, &row); err != nil {
		var plain struct {
			Class        string `json:"class"`
			ModuleSHA256 string `json:"module_sha256"`
			Enabled      bool   `json:"enabled"`
		}
		_ = json.Unmarshal(data, &plain) // plain columns read, whatever is wrong with the JSON ones
		return registry.Class{Name: plain.Class, ModuleDigest: plain.ModuleSHA256, Enabled: plain.Enabled, Broken: fmt.Sprintf("the row can't be read: %v", err)}
	}
	return registry.Class{
		Name: row.Class, Runtime: row.Runtime, Command: row.Command, Enabled: row.Enabled,
		Isolation: row.Isolation, Process: row.Process, Containment: row.Containment,
		ModuleDigest: row.ModuleSHA256, NextDigest: row.NextSHA256, PrevDigest: row.PrevSHA256,
		Candidate: registry.Candidate{Digest: row.Candidate, Percent: row.Canary},
		Limits:    row.Limits, Retry: row.Retry, Grants: row.Grants, Config: row.Config, Concurrency: row.Concurrency,
		Status: row.Status, StatusReason: row.StatusReason, Faults: row.Faults,
	}
}

// ModuleBytes is a module as the registry keeps it: the bytes, or where they
// are, and who signed them.
type ModuleBytes struct {
	Name, Version string
	Bytes         []byte
	Location      string
	Signatures    []registry.ModuleSignature
	Keys          []registry.SigningKey // those of Signatures that are registered
}

// FetchModule reads a module by digest. The caller verifies bytes and signatures.
func (s *Store) FetchModule(ctx context.Context, digest string) (ModuleBytes, error) {
	var m ModuleBytes
	err := s.pool.QueryRow(ctx, "select name, version, coalesce(bytes, ''), coalesce(location, ''), signatures, keys from lessee.fn_module_fetch($1)", digest).
		Scan(&m.Name, &m.Version, &m.Bytes, &m.Location, &m.Signatures, &m.Keys)
	if errors.Is(err, pgx.ErrNoRows) {
		return ModuleBytes{}, &Error{Kind: KindNotFound, Message: "module " + digest + " is not registered", Hint: "Register it: lessee module add FILE"}
	}
	return m, translate(err)
}

// ReportClass tells the registry whether this host can run a class, and why
// not, or what there is to know of it.
func (s *Store) ReportClass(ctx context.Context, lease int64, class string, r job.Readiness) error {
	_, err := s.pool.Exec(ctx, "select lessee.fn_class_report($1, $2, nullif($3, ''), $4, $5)", lease, class, r.Module, r.Ready, r.Reason)
	return translate(err)
}

// ReportModule tells the registry how far the admission of a module came here.
func (s *Store) ReportModule(ctx context.Context, lease int64, digest string, a registry.Admission) error {
	var manifest any
	if a.Manifest != nil {
		manifest = jsonOf(a.Manifest)
	}
	_, err := s.pool.Exec(ctx, "select lessee.fn_module_report($1, $2, $3, $4, coalesce(nullif($5::jsonb, 'null'), '[]'), $6::jsonb)",
		lease, digest, a.Status, a.Reason, jsonOf(a.Stages), manifest)
	return translate(err)
}
