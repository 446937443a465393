// go-libp2p as one of the compared: the program behind bench/compare/control.ts, where the commands are described.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const (
	perfProtocol = protocol.ID("/perf/1.0.0")
	echoProtocol = protocol.ID("/echo/1.0.0")
	pieceBytes   = 65536
)

// told is what any command may be told; each takes what it needs.
type told struct {
	ID        int      `json:"id"`
	Do        string   `json:"do"`
	Addresses []string `json:"addresses"`
	Streams   int64    `json:"streams"`
	Up        int64    `json:"up"`
	Down      int64    `json:"down"`
	Size      int      `json:"size"`
	Count     int      `json:"count"`
	Bytes     int      `json:"bytes"`
	AtOnce    int      `json:"atOnce"`
}

type figures map[string]any

// What this process has seen.
var received, opened, identified atomic.Int64

func main() {
	listens := flag.Bool("listen", false, "whether its nodes listen")
	count := flag.Int("nodes", 1, "how many")
	// It always runs: go-libp2p has no host without it.
	flag.Bool("identify", false, "whether identify runs")
	flag.Parse()

	nodes, addresses := []host.Host{}, []string{}
	for range *count {
		node, err := start(*listens)
		must(err)
		for _, address := range node.Network().ListenAddresses() {
			addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", address, node.ID()))
		}
		nodes = append(nodes, node)
	}
	say(figures{"event": "ready", "addresses": addresses, "versions": versions()})

	dialer := &dialer{nodes: nodes, node: nodes[0]}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var command told
		must(json.Unmarshal(lines.Bytes(), &command))
		answer, err := dialer.run(context.Background(), command)
		if err != nil {
			answer = figures{"error": err.Error()}
		}
		answer["id"], answer["ok"] = command.ID, err == nil
		say(answer)
	}
}

func start(listens bool) (host.Host, error) {
	// The default limits are scaled to the machine, and refuse what a bench from one host opens.
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits))
	if err != nil {
		return nil, err
	}
	where := libp2p.NoListenAddrs
	if listens {
		where = libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0")
	}
	node, err := libp2p.New(
		where,
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(limits),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
	if err != nil {
		return nil, err
	}
	node.Network().Notify(&network.NotifyBundle{ConnectedF: func(network.Network, network.Conn) { opened.Add(1) }})
	events, err := node.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted), eventbus.BufSize(1024))
	if err != nil {
		return nil, err
	}
	go func() {
		for range events.Out() {
			identified.Add(1)
		}
	}()
	node.SetStreamHandler(echoProtocol, unlessBroken(func(stream network.Stream) error {
		_, err := io.CopyBuffer(stream, stream, make([]byte, pieceBytes))
		return err
	}))
	node.SetStreamHandler(perfProtocol, unlessBroken(func(stream network.Stream) error {
		header := make([]byte, 8)
		if _, err := io.ReadFull(stream, header); err != nil {
			return err
		}
		bytes, err := drain(stream)
		received.Add(bytes)
		return errors.Join(err, send(stream, int64(binary.BigEndian.Uint64(header))))
	}))
	return node, nil
}

// unlessBroken closes the stream when all went well, and else resets it.
func unlessBroken(handle func(network.Stream) error) network.StreamHandler {
	return func(stream network.Stream) {
		if err := handle(stream); err != nil {
			fmt.Fprintln(os.Stderr, stream.Protocol(), err)
			stream.Reset()
			return
		}
		stream.Close()
	}
}

func drain(stream network.Stream) (int64, error) {
	piece, bytes := make([]byte, pieceBytes), int64(0)
	for {
		length, err := stream.Read(piece)
		bytes += int64(length)
		if err == io.EOF {
			return bytes, nil
		}
		if err != nil {
			return bytes, err
		}
	}
}

func send(stream network.Stream, bytes int64) error {
	piece := make([]byte, pieceBytes)
	for bytes > 0 {
		length, err := stream.Write(piece[:min(pieceBytes, bytes)])
		if err != nil {
			return err
		}
		bytes -= int64(length)
	}
	return nil
}

// dialer is the first of the nodes, and whom it is connected with.
type dialer struct {
	nodes []host.Host
	node  host.Host
	peer  peer.ID
}

func (d *dialer) run(ctx context.Context, command told) (figures, error) {
	switch command.Do {
	case "connect":
		id, err := d.connect(ctx, command.Addresses[0])
		d.peer = id
		return figures{}, err
	case "bulk":
		return timed(func() error {
			return each(int(command.Streams), func(i int) error {
				return d.transfer(ctx, share(command.Up, command.Streams, i), share(command.Down, command.Streams, i))
			})
		})
	case "writes":
		return d.writes(ctx, command.Size, command.Count)
	case "trips":
		return d.trips(ctx, command.Count, command.Bytes)
	case "streams":
		return timed(func() error {
			return workers(command.Count, command.AtOnce, func(int) error { return d.echoOne(ctx) })
		})
	case "handshakes":
		return timed(func() error {
			return workers(command.Count, command.AtOnce, func(worker int) error {
				id, err := d.connect(ctx, command.Addresses[worker])
				if err != nil {
					return err
				}
				return d.node.Network().ClosePeer(id)
			})
		})
	case "seen":
		return d.seen(), nil
	case "cpu":
		var usage syscall.Rusage
		err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return figures{"cpuMs": float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6}, err
	}
	return nil, fmt.Errorf("%s is not for this program", command.Do)
}

// connect ends when identify has been answered: before that only this side takes itself for connected.
func (d *dialer) connect(ctx context.Context, address string) (peer.ID, error) {
	info, err := peer.AddrInfoFromString(address)
	if err != nil {
		return "", err
	}
	return info.ID, d.node.Connect(ctx, *info)
}

func (d *dialer) transfer(ctx context.Context, up, down int64) error {
	stream, err := d.node.NewStream(ctx, d.peer, perfProtocol)
	if err != nil {
		return err
	}
	defer stream.Close()
	if _, err := stream.Write(binary.BigEndian.AppendUint64(nil, uint64(down))); err != nil {
		return err
	}
	if err := errors.Join(send(stream, up), stream.CloseWrite()); err != nil {
		return err
	}
	bytes, err := drain(stream)
	if err == nil && bytes != down {
		err = fmt.Errorf("%d of %d bytes came back", bytes, down)
	}
	return err
}

func (d *dialer) writes(ctx context.Context, size, count int) (figures, error) {
	stream, err := d.node.NewStream(ctx, d.peer, perfProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	bytes := make([]byte, size)
	if _, err := stream.Write(make([]byte, 8)); err != nil {
		return nil, err
	}
	return timed(func() error {
		for range count {
			if _, err := stream.Write(bytes); err != nil {
				return err
			}
		}
		return errors.Join(stream.CloseWrite(), ends(stream))
	})
}

func (d *dialer) trips(ctx context.Context, count, length int) (figures, error) {
	stream, err := d.node.NewStream(ctx, d.peer, echoProtocol)
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	bytes, answer, seen := make([]byte, length), make([]byte, length), []float64{}
	for range count {
		began := time.Now()
		if _, err := stream.Write(bytes); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(stream, answer); err != nil {
			return nil, err
		}
		seen = append(seen, milliseconds(time.Since(began)))
	}
	slices.Sort(seen)
	quantile := func(p float64) float64 { return seen[max(0, int(math.Ceil(p*float64(count)))-1)] }
	return figures{"p50": quantile(0.5), "p99": quantile(0.99)}, errors.Join(stream.CloseWrite(), ends(stream))
}

func (d *dialer) echoOne(ctx context.Context) error {
	stream, err := d.node.NewStream(ctx, d.peer, echoProtocol)
	if err != nil {
		return err
	}
	defer stream.Close()
	if _, err := stream.Write([]byte{7}); err != nil {
		return err
	}
	if _, err := io.ReadFull(stream, make([]byte, 1)); err != nil {
		return err
	}
	return errors.Join(stream.CloseWrite(), ends(stream))
}

func (d *dialer) seen() figures {
	connections, streams := 0, 0
	for _, node := range d.nodes {
		for _, conn := range node.Network().Conns() {
			connections++
			for _, stream := range conn.GetStreams() {
				if id := stream.Protocol(); id == echoProtocol || id == perfProtocol {
					streams++
				}
			}
		}
	}
	return figures{
		"received": received.Swap(0), "opened": opened.Swap(0), "connections": connections, "streams": streams, "identified": identified.Load(),
	}
}

func ends(stream network.Stream) error {
	bytes, err := drain(stream)
	if err == nil && bytes > 0 {
		err = errors.New("more came than was sent")
	}
	return err
}

// share is that of one of the streams; the first takes what is left over.
func share(bytes, streams int64, index int) int64 {
	if index == 0 {
		return bytes - bytes/streams*(streams-1)
	}
	return bytes / streams
}

// each does something for all indices at once.
func each(count int, do func(int) error) error {
	results := make(chan error, count)
	for i := range count {
		go func() { results <- do(i) }()
	}
	var all error
	for range count {
		all = errors.Join(all, <-results)
	}
	return all
}

// workers does count pieces of work, so many at a time. Each worker has a number of its own.
func workers(count, atOnce int, do func(int) error) error {
	var next atomic.Int64
	return each(min(atOnce, count), func(worker int) error {
		for next.Add(1) <= int64(count) {
			if err := do(worker); err != nil {
				return err
			}
		}
		return nil
	})
}

func timed(work func() error) (figures, error) {
	began := time.Now()
	err := work()
	return figures{"ms": milliseconds(time.Since(began))}, err
}

func versions() map[string]string {
	versions := map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go")}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			switch module.Path {
			case "github.com/libp2p/go-libp2p":
				versions["go-libp2p"] = strings.TrimPrefix(module.Version, "v")
			case "github.com/libp2p/go-yamux/v5":
				versions["yamux"] = strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return versions
}

func milliseconds(duration time.Duration) float64 {
	return float64(duration.Nanoseconds()) / 1e6
}

func say(line figures) {
	text, err := json.Marshal(line)
	must(err)
	fmt.Println(string(text))
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
