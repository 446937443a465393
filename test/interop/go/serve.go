package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"os"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	echoProtocol       = "/echo/1.0.0"
	perfProtocol       = "/perf/1.0.0"
	sinkProtocol       = "/troupe/test/sink/1.0.0"
	sourceProtocol     = "/troupe/test/source/1.0.0"
	closeFirstProtocol = "/troupe/test/close-first/1.0.0"
	holdProtocol       = "/troupe/test/hold/1.0.0"
	resetProtocol      = "/troupe/test/reset/1.0.0"
	closeProtocol      = "/troupe/test/close/1.0.0"

	// As the suite says, in place of none.
	resetCode = network.StreamProtocolViolation

	chunkBytes = 65536
)

func (p *peer) serveAll() {
	p.node.SetStreamHandler(echoProtocol, unlessBroken(func(stream network.Stream) error {
		_, err := io.Copy(stream, stream)
		return err
	}))
	p.node.SetStreamHandler(perfProtocol, unlessBroken(func(stream network.Stream) error {
		header := make([]byte, 8)
		if _, err := io.ReadFull(stream, header); err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, stream); err != nil {
			return err
		}
		return writeZeros(stream, int64(binary.BigEndian.Uint64(header)))
	}))

	p.serve(sinkProtocol, func(stream network.Stream, tally *tally) error {
		if _, err := io.Copy(tally, stream); err != nil {
			return err
		}
		answer := binary.BigEndian.AppendUint64(nil, uint64(tally.bytes))
		_, err := stream.Write(tally.Sum(answer))
		return err
	})
	p.serve(sourceProtocol, func(stream network.Stream, tally *tally) error {
		order, err := io.ReadAll(io.TeeReader(stream, tally))
		if err != nil {
			return err
		}
		if len(order) != 12 {
			return fmt.Errorf("an order of %d bytes", len(order))
		}
		return writePattern(stream, binary.BigEndian.Uint32(order[8:]), 0, int64(binary.BigEndian.Uint64(order)))
	})
	p.serve(closeFirstProtocol, func(stream network.Stream, tally *tally) error {
		if err := stream.CloseWrite(); err != nil {
			return err
		}
		_, err := io.Copy(tally, stream)
		return err
	})
	p.serve(holdProtocol, func(stream network.Stream, tally *tally) error {
		first := make([]byte, 1)
		if _, err := io.ReadFull(io.TeeReader(stream, tally), first); err != nil {
			return err
		}
		if _, err := stream.Write(first); err != nil {
			return err
		}
		_, err := io.Copy(tally, stream)
		return err
	})
	p.serve(resetProtocol, func(stream network.Stream, tally *tally) error {
		_, err := io.CopyN(tally, stream, 1)
		return errors.Join(err, stream.ResetWithError(resetCode), network.ErrReset)
	})
	p.serve(closeProtocol, func(stream network.Stream, tally *tally) error {
		_, err := io.CopyN(tally, stream, 1)
		return errors.Join(err, stream.Conn().Close(), network.ErrReset)
	})
}

// serve handles a protocol of ours: what it read, and how that ended, is kept for `served`.
func (p *peer) serve(id protocol.ID, handle func(network.Stream, *tally) error) {
	p.node.SetStreamHandler(id, func(stream network.Stream) {
		tally := newTally()
		ending := figures{"outcome": "end"}
		unlessBroken(func(stream network.Stream) error {
			err := handle(stream, tally)
			if err != nil {
				ending = resetOf(err)
			}
			return err
		})(stream)
		sum := tally.figures()
		maps.Copy(sum, ending)
		p.change(func() { p.served[string(id)] = append(p.served[string(id)], sum) })
	})
}

// resetOf tells how a stream was broken.
func resetOf(err error) figures {
	var reset *network.StreamError
	if errors.As(err, &reset) {
		return figures{"outcome": "reset", "code": reset.ErrorCode}
	}
	var away *network.ConnError
	if errors.As(err, &away) {
		return figures{"outcome": "reset", "code": away.ErrorCode}
	}
	return figures{"outcome": "reset"}
}

// unlessBroken closes the stream when all went well, and else resets it.
func unlessBroken(handle func(network.Stream) error) network.StreamHandler {
	return func(stream network.Stream) {
		if err := handle(stream); err != nil {
			if !errors.Is(err, network.ErrReset) {
				fmt.Fprintln(os.Stderr, stream.Protocol(), err)
			}
			stream.Reset()
			return
		}
		stream.Close()
	}
}

// tally counts and hashes what is written to it.
type tally struct {
	hash.Hash
	bytes int64
}

func newTally() *tally { return &tally{Hash: sha256.New()} }

func (t *tally) Write(bytes []byte) (int, error) {
	t.bytes += int64(len(bytes))
	return t.Hash.Write(bytes)
}

func (t *tally) figures() figures {
	return figures{"bytes": t.bytes, "sha256": hex.EncodeToString(t.Sum(nil))}
}

// pattern is the same in all peers: the top byte of (i + seed) * 0x9e3779b1.
func pattern(seed uint32, from, length int64) []byte {
	bytes := make([]byte, length)
	for i := range bytes {
		bytes[i] = byte(((uint32(from) + uint32(i) + seed) * 0x9e3779b1) >> 24)
	}
	return bytes
}

func writePattern(to io.Writer, seed uint32, from, end int64) error {
	for from < end {
		length := min(chunkBytes, end-from)
		if _, err := to.Write(pattern(seed, from, length)); err != nil {
			return err
		}
		from += length
	}
	return nil
}

func writeZeros(to io.Writer, bytes int64) error {
	zeros := make([]byte, chunkBytes)
	for bytes > 0 {
		length := min(chunkBytes, bytes)
		if _, err := to.Write(zeros[:length]); err != nil {
			return err
		}
		bytes -= length
	}
	return nil
}
