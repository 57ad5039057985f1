package devpg

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// repository is a Maven repository whose every jar is the given one. It counts the downloads.
func repository(t *testing.T, jar []byte) (url string, downloads *atomic.Int32) {
	t.Helper()
	downloads = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			sum := sha256.Sum256(jar)
			fmt.Fprint(w, hex.EncodeToString(sum[:]))
			return
		}
		downloads.Add(1)
		_, _ = w.Write(jar)
	}))
	t.Cleanup(server.Close)
	return server.URL, downloads
}

// serverJar packs programs that lead to the server installed on this machine.
func serverJar(t *testing.T) []byte {
	t.Helper()
	installed, err := chooseBinaries(t.Context(), binaryDirs(), 0)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	out := tar.NewWriter(&archive)
	for _, name := range []string{"initdb", "pg_ctl", "postgres"} {
		script := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", filepath.Join(installed.dir, name))
		header := &tar.Header{Name: "bin/" + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(script))}
		if err := out.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return zipped(t, "postgres.txz", storedXZ(archive.Bytes()))
}

func zipped(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var jar bytes.Buffer
	out := zip.NewWriter(&jar)
	file, err := out.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return jar.Bytes()
}

// storedXZ wraps data into the xz format without compressing it.
func storedXZ(data []byte) []byte {
	flags := []byte{0, 1} // blocks end with a CRC32
	header := []byte{2, 0, 0x21, 1, 8, 0, 0, 0}
	chunks := lzma2Stored(data)
	block := padded(append(withCRC(header), chunks...))
	block = binary.LittleEndian.AppendUint32(block, crc32.ChecksumIEEE(data))

	index := []byte{0, 1}
	index = binary.AppendUvarint(index, uint64(len(header)+4+len(chunks)+4))
	index = withCRC(padded(binary.AppendUvarint(index, uint64(len(data)))))

	backward := binary.LittleEndian.AppendUint32(nil, uint32(len(index)/4-1))
	footer := slices.Concat(backward, flags)
	footer = append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(footer)), footer...)

	start := append([]byte("\xfd7zXZ\x00"), flags...)
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(flags))
	return bytes.Join([][]byte{start, block, index, footer, []byte("YZ")}, nil)
}

func lzma2Stored(data []byte) []byte {
	var chunks []byte
	control := byte(1) // resets the dictionary; the following chunks do not
	for len(data) > 0 {
		n := min(len(data), 1<<16)
		chunks = binary.BigEndian.AppendUint16(append(chunks, control), uint16(n-1))
		chunks = append(chunks, data[:n]...)
		data, control = data[n:], 2
	}
	return append(chunks, 0)
}

func padded(data []byte) []byte {
	return append(data, make([]byte, -len(data)&3)...)
}

func withCRC(data []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(data), crc32.ChecksumIEEE(data))
}

// bareCluster is a cluster on a machine without a server.
func bareCluster(t *testing.T, url string) *Cluster {
	t.Helper()
	dir := publicDir(t)
	t.Setenv("TMPDIR", t.TempDir()) // the library leaves an empty log file there
	cfg := testConfig(dir)
	cfg.RepositoryURL, cfg.Cache = url, filepath.Join(dir, "binaries")
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	as, err := ordinaryUser()
	if err != nil {
		t.Fatal(err)
	}
	return &Cluster{cfg: cfg, files: clusterFiles(dir), account: as}
}

func TestFetch_GivesAServerThatRuns(t *testing.T) {
	url, downloads := repository(t, serverJar(t))
	cluster := bareCluster(t, url)
	for range 2 {
		bin, err := cluster.chooseOrFetch(testContext(t), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		cluster.cfg.Binaries = bin.dir
	}
	if n := downloads.Load(); n != 1 {
		t.Errorf("downloaded %d times, want once", n)
	}
	opened, err := Open(testContext(t), cluster.cfg)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, opened, "SELECT 1")
	stop(t, opened)
	if left, _ := filepath.Glob(filepath.Join(cluster.cfg.Cache, "fetch-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFetch_FailureNamesWhatWasTriedAndTheRemedy(t *testing.T) {
	nowhere := httptest.NewServer(http.NotFoundHandler())
	nowhere.Close()
	broken, _ := repository(t, []byte("not a jar"))
	old := fakeBinaries(t, "14.1")
	for _, test := range []struct {
		url, err string
		want     int
	}{
		{nowhere.URL, "unable to connect to " + nowhere.URL, 0},
		{broken, "not a valid zip file", 16},
		{broken, "no binaries of Postgres 23 are published", 23},
	} {
		_, err := bareCluster(t, test.url).chooseOrFetch(testContext(t), []string{old}, test.want)
		if err == nil {
			t.Fatal("fetched from nowhere")
		}
		for _, part := range []string{test.err, old + " (version 14.1)", remedy(test.want), "or pass --dsn"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not say %q", err, part)
			}
		}
	}
}

func TestFetch_EndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(testContext(t))
	cluster := bareCluster(t, server.URL)
	cluster.cfg.Log = onLog("fetching Postgres", cancel)
	if _, err := cluster.chooseOrFetch(ctx, nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if _, err := os.Stat(filepath.Join(cluster.cfg.Cache, "18.3.0")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an interrupted download was kept: %v", err)
	}
}
