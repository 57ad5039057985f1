package egress

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// TestMain points every proxy variable at a trap, for all tests: nothing may ever connect to it.
func TestMain(m *testing.M) {
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var caught atomic.Int64
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			caught.Add(1)
			conn.Close()
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		os.Setenv(name, "http://"+trap.Addr().String())
	}
	code := m.Run()
	trap.Close()
	<-stopped
	if n := caught.Load(); n > 0 {
		fmt.Printf("%d connections went to the proxy of the environment\n", n)
		code = 1
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}
