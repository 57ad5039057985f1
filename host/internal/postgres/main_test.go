package postgres_test

import (
	"testing"

	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }
