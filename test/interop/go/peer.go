package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	libp2ppeer "github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

// How long a command waits for what the other side does.
const patience = 20 * time.Second

// peer is the host, and what it has seen and served.
type peer struct {
	node host.Host

	mutex   sync.Mutex
	changed chan struct{} // closed and replaced whenever anything below, or a connection, has changed
	seen    map[string]figures
	served  map[string][]figures
}

func newPeer(node host.Host) *peer {
	p := &peer{node: node, changed: make(chan struct{}), seen: map[string]figures{}, served: map[string][]figures{}}
	ping.NewPingService(node)
	events, err := node.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted), eventbus.BufSize(256))
	must(err)
	go func() {
		for each := range events.Out() {
			p.remember(each.(event.EvtPeerIdentificationCompleted))
		}
	}()
	node.Network().Notify(&network.NotifyBundle{
		ConnectedF:    func(network.Network, network.Conn) { p.change(func() {}) },
		DisconnectedF: func(network.Network, network.Conn) { p.change(func() {}) },
	})
	return p
}

// remember keeps what identify or a push said last.
func (p *peer) remember(said event.EvtPeerIdentificationCompleted) {
	listen, protocols, observed := []string{}, protocol.ConvertToStrings(said.Protocols), ""
	for _, address := range said.ListenAddrs {
		listen = append(listen, address.String())
	}
	if said.ObservedAddr != nil {
		observed = said.ObservedAddr.String()
	}
	p.change(func() {
		p.seen[said.Peer.String()] = figures{
			"peerId": said.Peer.String(), "agentVersion": said.AgentVersion, "protocolVersion": said.ProtocolVersion,
			"protocols": protocols, "listenAddrs": listen, "observedAddr": observed,
		}
	})
}

func (p *peer) run(ctx context.Context, command told) (figures, error) {
	switch command.Do {
	case "identify":
		id, err := p.connect(ctx, command.Address)
		if err != nil {
			return nil, err
		}
		return p.identityOf(id.String(), "")
	case "push":
		if _, err := p.connect(ctx, command.Address); err != nil {
			return nil, err
		}
		// Identify push follows by itself.
		p.node.SetStreamHandler(protocol.ID(command.Protocol), func(stream network.Stream) { stream.Close() })
		return figures{}, nil
	case "ping":
		return p.ping(ctx, command)
	case "echo":
		return p.echo(ctx, command)
	case "perf":
		return p.perf(ctx, command)
	case "streams":
		return p.streams(ctx, command)
	case "half-close":
		if command.By == "dialer" {
			return p.toSink(ctx, command)
		}
		return p.afterTheirEnd(ctx, command)
	case "reset":
		return p.reset(ctx, command)
	case "close":
		return p.close(ctx, command)
	case "bulk":
		return p.bulk(ctx, command)
	case "seen":
		return p.identityOf(command.Peer, command.Protocol)
	case "served":
		return p.takeServed(command.Protocol)
	case "connected":
		id, err := libp2ppeer.Decode(command.Peer)
		if err != nil {
			return nil, err
		}
		return figures{}, p.until(fmt.Sprintf("connected to be %v", command.Want), func() bool {
			return (len(p.node.Network().ConnsToPeer(id)) > 0) == command.Want
		})
	case "hang-up":
		id, err := libp2ppeer.Decode(command.Peer)
		if err != nil {
			return nil, err
		}
		return figures{}, p.node.Network().ClosePeer(id)
	}
	return nil, fmt.Errorf("no command %q", command.Do)
}

func (p *peer) connect(ctx context.Context, address string) (libp2ppeer.ID, error) {
	info, err := libp2ppeer.AddrInfoFromString(address)
	if err != nil {
		return "", err
	}
	return info.ID, p.node.Connect(ctx, *info)
}

func (p *peer) identityOf(id string, wanted string) (figures, error) {
	var found figures
	err := p.until(fmt.Sprintf("identify of %s %s", id, wanted), func() bool {
		found = p.seen[id]
		if found == nil || wanted == "" {
			return found != nil
		}
		for _, each := range found["protocols"].([]string) {
			if each == wanted {
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	answer := figures{}
	for name, value := range found {
		answer[name] = value
	}
	return answer, nil
}

func (p *peer) takeServed(protocol string) (figures, error) {
	var taken figures
	err := p.until("a stream of "+protocol, func() bool {
		if len(p.served[protocol]) > 0 {
			taken, p.served[protocol] = p.served[protocol][0], p.served[protocol][1:]
		}
		return taken != nil
	})
	return taken, err
}

// change does something under the lock, and wakes whoever waits.
func (p *peer) change(do func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	do()
	close(p.changed)
	p.changed = make(chan struct{})
}

// until waits for a condition, which is looked at under the lock.
func (p *peer) until(what string, holds func() bool) error {
	late := time.After(patience)
	for {
		p.mutex.Lock()
		held, changed := holds(), p.changed
		p.mutex.Unlock()
		if held {
			return nil
		}
		select {
		case <-changed:
		case <-late:
			return fmt.Errorf("waited %s for %s", patience, what)
		}
	}
}
