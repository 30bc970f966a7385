// Command app stands in for the service where a test is about the rollout and not about the model: it starts at once,
// and its environment makes it fail in the ways that services fail. It listens on :8080.
//
//	GET /              "VERSION HOSTNAME"
//	GET /health/live   200
//	GET /health/ready  200, or 503 before READY_AFTER has passed, while it is ending, and always with NOT_READY=1
//
//	VERSION      what / answers
//	READY_AFTER  a duration such as 2s
//	NOT_READY=1  is never ready
//	CRASH=1      prints a reason and ends with exit code 3 instead of listening
//	OOM=1        takes memory until the kernel ends it
//
// On SIGTERM it says it is not ready any more and, as the service does, serves for another second while it asks those
// who keep their connections to end them; an idle one that is simply closed meets a request that is on its way. Then it
// answers what it has begun, and ends.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

const drain = time.Second

var ending atomic.Bool

func main() {
	if os.Getenv("CRASH") == "1" {
		fmt.Println("loading the model")
		fmt.Fprintln(os.Stderr, "error: the model file is damaged (CRASH=1)")
		os.Exit(3)
	}
	if os.Getenv("OOM") == "1" {
		takeMemory()
	}
	server := &http.Server{Addr: ":8080", Handler: routes(time.Now())}
	drained := make(chan struct{})
	go func() {
		told, forget := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
		defer forget()
		<-told.Done()
		ending.Store(true)
		time.Sleep(drain)
		server.Shutdown(context.Background())
		close(drained)
	}()
	fmt.Println("listening on", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	<-drained
}

func routes(started time.Time) http.Handler {
	host, _ := os.Hostname()
	readyAfter, _ := time.ParseDuration(os.Getenv("READY_AFTER"))
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, os.Getenv("VERSION"), host)
	})
	mux.HandleFunc("/health/live", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("/health/ready", func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case os.Getenv("NOT_READY") == "1":
			http.Error(w, "the model is not loaded (NOT_READY=1)", http.StatusServiceUnavailable)
		case ending.Load():
			http.Error(w, "ending", http.StatusServiceUnavailable)
		case time.Since(started) < readyAfter:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		default:
			fmt.Fprintln(w, "ok")
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ending.Load() {
			w.Header().Set("Connection", "close")
		}
		mux.ServeHTTP(w, r)
	})
}

// takeMemory keeps what it takes and writes to every page of it, since memory that was never written to does not count.
func takeMemory() {
	const step = 8 << 20
	var taken [][]byte
	for {
		block := make([]byte, step)
		for i := 0; i < step; i += 4096 {
			block[i] = 1
		}
		taken = append(taken, block)
		fmt.Println("took", len(taken)*step>>20, "MiB")
	}
}
