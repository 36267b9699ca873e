// Command ferretdb serves MongoDB's wire protocol from a folder of SQLite files, until it is told to end.
//
// FerretDB reads a document, changes it and writes it back without a lock. MongoDB's commands are atomic for each
// document, and Herald relies on that; so commands that write pass here one at a time.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

var writing sync.Mutex

func message(from io.Reader) ([]byte, error) {
	header := make([]byte, 16)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < 16 || size > 48<<20 {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	whole := append(header, make([]byte, size-16)...)
	_, err := io.ReadFull(from, whole[16:])
	return whole, err
}

// The command is the first key of the document: after header, flags, section kind, document size and element type.
func writes(request []byte) bool {
	const opMsg, command = 2013, 16 + 4 + 1 + 4 + 1
	if len(request) < command || binary.LittleEndian.Uint32(request[12:]) != opMsg {
		return false
	}
	name, _, _ := bytes.Cut(request[command:], []byte{0})
	switch string(name) {
	case "insert", "update", "delete", "findAndModify":
		return true
	}
	return false
}

func ask(server net.Conn, request []byte) ([]byte, error) {
	if writes(request) {
		writing.Lock()
		defer writing.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	reply, err := message(server)
	limitBatches(reply)
	return reply, err
}

// FerretDB holds a connection of its SQLite pool for each statement of an update until the command ends, and its pool has
// 100: a command of more statements waits for itself for ever. Drivers keep to what the answer to hello allows.
func limitBatches(reply []byte) {
	const statements = 50
	key := []byte("\x10maxWriteBatchSize\x00")
	if at := bytes.Index(reply, key); at >= 0 && at+len(key)+4 <= len(reply) {
		binary.LittleEndian.PutUint32(reply[at+len(key):], statements)
	}
}

func serve(client net.Conn, socket string) {
	defer client.Close()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := message(client)
		if err != nil {
			return
		}
		reply, err := ask(server, request)
		if err != nil {
			return
		}
		if _, err = client.Write(reply); err != nil {
			return
		}
	}
}

func run(ctx context.Context, listen, folder string) error {
	// Relative, since a socket's path has at most 107 bytes, and a temporary folder's may be longer.
	const socket = "ferretdb.sock"
	if err := os.Chdir(folder); err != nil {
		return err
	}
	_ = os.Remove(socket)
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{Unix: socket},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:  "sqlite",
		// No test cuts the power, and a killed process loses nothing without fsync.
		SQLiteURL: "file:" + folder + "?_pragma=synchronous(off)",
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(client, socket)
		}
	}()
	return server.Run(ctx)
}

func main() {
	listen := flag.String("listen", "127.0.0.1:27017", "address and port")
	folder := flag.String("folder", "", "folder of the database, with a slash at its end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *folder); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
