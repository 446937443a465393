package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

func (p *peer) open(ctx context.Context, address string, id protocol.ID) (network.Stream, error) {
	remote, err := p.connect(ctx, address)
	if err != nil {
		return nil, err
	}
	return p.node.NewStream(ctx, remote, id)
}

func (p *peer) ping(ctx context.Context, command told) (figures, error) {
	remote, err := p.connect(ctx, command.Address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	results, rtts := ping.Ping(ctx, p.node, remote), []float64{}
	for len(rtts) < command.Count {
		result, open := <-results
		if !open {
			return nil, ctx.Err()
		}
		if result.Error != nil {
			return nil, result.Error
		}
		rtts = append(rtts, milliseconds(result.RTT))
	}
	return figures{"rttMs": rtts}, nil
}

func (p *peer) echo(ctx context.Context, command told) (figures, error) {
	stream, err := p.open(ctx, command.Address, echoProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	written := make(chan error, 1)
	go func() {
		written <- errors.Join(writePattern(stream, command.Seed, 0, command.Bytes), stream.CloseWrite())
	}()
	return readAll(stream, written)
}

func (p *peer) perf(ctx context.Context, command told) (figures, error) {
	stream, err := p.open(ctx, command.Address, perfProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	started := time.Now()
	if _, err := stream.Write(binary.BigEndian.AppendUint64(nil, uint64(command.Download))); err != nil {
		return nil, err
	}
	if err := writeZeros(stream, command.Upload); err != nil {
		return nil, err
	}
	if err := stream.CloseWrite(); err != nil {
		return nil, err
	}
	downloaded, err := io.Copy(io.Discard, stream)
	if err != nil {
		return nil, err
	}
	return figures{"upload": command.Upload, "download": downloaded, "ms": milliseconds(time.Since(started))}, nil
}

// streams opens all of them and brings half an echo over each, before any is ended.
func (p *peer) streams(ctx context.Context, command told) (figures, error) {
	remote, err := p.connect(ctx, command.Address)
	if err != nil {
		return nil, err
	}
	half := (command.Bytes + 1) / 2
	streams := make([]network.Stream, command.Count)
	received := make([][]byte, command.Count)
	err = each(command.Count, func(i int) (err error) {
		if streams[i], err = p.node.NewStream(ctx, remote, echoProtocol); err != nil {
			return err
		}
		seed := command.Seed + uint32(i)
		if _, err = streams[i].Write(pattern(seed, 0, half)); err != nil {
			return err
		}
		received[i] = make([]byte, half)
		_, err = io.ReadFull(streams[i], received[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	open := 0
	for _, conn := range p.node.Network().ConnsToPeer(remote) {
		for _, stream := range conn.GetStreams() {
			if stream.Protocol() == echoProtocol {
				open++
			}
		}
	}
	err = each(command.Count, func(i int) error {
		if err := writePattern(streams[i], command.Seed+uint32(i), half, command.Bytes); err != nil {
			return err
		}
		if err := streams[i].CloseWrite(); err != nil {
			return err
		}
		defer streams[i].Close()
		rest, err := io.ReadAll(streams[i])
		received[i] = append(received[i], rest...)
		return err
	})
	if err != nil {
		return nil, err
	}
	tally := newTally()
	for _, bytes := range received {
		tally.Write(bytes)
	}
	answer := tally.figures()
	answer["streams"] = open
	return answer, nil
}

func (p *peer) toSink(ctx context.Context, command told) (figures, error) {
	stream, err := p.open(ctx, command.Address, sinkProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	if err := writePattern(stream, command.Seed, 0, command.Bytes); err != nil {
		return nil, err
	}
	if err := stream.CloseWrite(); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(stream)
	if err != nil {
		return nil, err
	}
	if len(answer) != 40 {
		return nil, fmt.Errorf("the sink answered %d bytes", len(answer))
	}
	return figures{"bytes": binary.BigEndian.Uint64(answer), "sha256": hex.EncodeToString(answer[8:])}, nil
}

func (p *peer) fromSource(ctx context.Context, command told) (figures, error) {
	stream, err := p.open(ctx, command.Address, sourceProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	order := binary.BigEndian.AppendUint64(nil, uint64(command.Bytes))
	if _, err := stream.Write(binary.BigEndian.AppendUint32(order, command.Seed)); err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	written <- stream.CloseWrite()
	return readAll(stream, written)
}

func (p *peer) afterTheirEnd(ctx context.Context, command told) (figures, error) {
	stream, err := p.open(ctx, command.Address, closeFirstProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	early, err := io.ReadAll(stream)
	if err != nil {
		return nil, err
	}
	if len(early) > 0 {
		return nil, fmt.Errorf("%d bytes before their end", len(early))
	}
	sent := newTally()
	if err := writePattern(io.MultiWriter(stream, sent), command.Seed, 0, command.Bytes); err != nil {
		return nil, err
	}
	return sent.figures(), stream.Close()
}

func (p *peer) reset(ctx context.Context, command told) (figures, error) {
	id := protocol.ID(resetProtocol)
	if command.By == "dialer" {
		id = holdProtocol
	}
	stream, err := p.open(ctx, command.Address, id)
	if err != nil {
		return nil, err
	}
	return firstByte(stream, command.By == "dialer", func() error { return stream.ResetWithError(resetCode) })
}

func (p *peer) close(ctx context.Context, command told) (figures, error) {
	id := protocol.ID(closeProtocol)
	if command.By == "dialer" {
		id = holdProtocol
	}
	stream, err := p.open(ctx, command.Address, id)
	if err != nil {
		return nil, err
	}
	answer, err := firstByte(stream, command.By == "dialer", func() error { return stream.Conn().CloseWithError(network.ConnErrorCode(command.Code)) })
	if err != nil {
		return nil, err
	}
	return answer, p.until("the connection to be gone", func() bool {
		return p.node.Network().Connectedness(stream.Conn().RemotePeer()) != network.Connected
	})
}

func (p *peer) bulk(ctx context.Context, command told) (figures, error) {
	if _, err := p.connect(ctx, command.Address); err != nil {
		return nil, err
	}
	started, move := time.Now(), p.fromSource
	if command.Way == "up" {
		move = p.toSink
	}
	sum, err := move(ctx, command)
	if err != nil {
		return nil, err
	}
	sum["ms"] = milliseconds(time.Since(started))
	return sum, nil
}

// firstByte sends one byte and tells how the stream ended; the dialer acts once it is answered.
func firstByte(stream network.Stream, acts bool, act func() error) (figures, error) {
	if err := stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := stream.Write([]byte{1}); err != nil {
		return nil, err
	}
	if acts {
		if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
			return nil, err
		}
		if err := act(); err != nil {
			return nil, err
		}
	}
	_, err := io.Copy(io.Discard, stream)
	switch {
	case err == nil:
		return figures{"outcome": "end"}, nil
	case errors.Is(err, network.ErrReset):
		return resetOf(err), nil
	}
	return nil, err
}

// readAll reads to the end, and tells the sum once the writing has succeeded too.
func readAll(stream network.Stream, written <-chan error) (figures, error) {
	tally := newTally()
	_, err := io.Copy(tally, stream)
	if err := errors.Join(err, <-written); err != nil {
		return nil, fmt.Errorf("after %d bytes: %w", tally.bytes, err)
	}
	return tally.figures(), nil
}

// each does something for all indices at once, and tells the first error.
func each(count int, do func(int) error) error {
	results := make(chan error, count)
	for i := range count {
		go func() { results <- do(i) }()
	}
	var first error
	for range count {
		if err := <-results; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Microseconds()) / 1000
}
