// go-libp2p as a peer: the program behind test/interop/control.ts, where the commands and the protocols are described.
package main

import (
	"bufio"
	"context"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// told is what any command may be told; each takes what it needs.
type told struct {
	ID       int    `json:"id"`
	Do       string `json:"do"`
	Address  string `json:"address"`
	Peer     string `json:"peer"`
	Protocol string `json:"protocol"`
	By       string `json:"by"`
	Way      string `json:"way"`
	Code     uint32 `json:"code"`
	Count    int    `json:"count"`
	Bytes    int64  `json:"bytes"`
	Seed     uint32 `json:"seed"`
	Upload   int64  `json:"upload"`
	Download int64  `json:"download"`
	Want     bool   `json:"want"`
}

type figures map[string]any

func main() {
	keyType := flag.String("key-type", "ed25519", "ed25519, secp256k1, ecdsa or rsa")
	listen := flag.String("listen", "/ip4/127.0.0.1/tcp/0", "where to listen")
	flag.Parse()

	key, err := makeKey(*keyType)
	must(err)
	node, err := start(key, *listen)
	must(err)
	peer := newPeer(node)
	peer.serveAll()
	ready(node)

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var command told
		must(json.Unmarshal(lines.Bytes(), &command))
		if command.Do == "quit" {
			break
		}
		go answer(peer, command)
	}
	must(node.Close())
}

func makeKey(keyType string) (crypto.PrivKey, error) {
	switch keyType {
	case "ed25519":
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	case "secp256k1":
		key, _, err := crypto.GenerateSecp256k1Key(rand.Reader)
		return key, err
	case "ecdsa":
		key, _, err := crypto.GenerateECDSAKeyPairWithCurve(elliptic.P256(), rand.Reader)
		return key, err
	case "rsa":
		key, _, err := crypto.GenerateRSAKeyPair(2048, rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("no key type %q", keyType)
}

func start(key crypto.PrivKey, listen string) (host.Host, error) {
	// The default limits allow fewer streams of one protocol with one peer than the 200 of the suite.
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(rcmgr.InfiniteLimits))
	if err != nil {
		return nil, err
	}
	return libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrStrings(listen),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ResourceManager(limits),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
	)
}

func ready(node host.Host) {
	addresses := []string{}
	for _, address := range node.Network().ListenAddresses() {
		addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", address, node.ID()))
	}
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
	say(figures{
		"event": "ready", "peerId": node.ID().String(), "addresses": addresses, "versions": versions,
		"ours": map[string]string{"echo": "go-libp2p has no echo service", "perf": "go-libp2p has no perf service"},
	})
}

func answer(peer *peer, command told) {
	result, err := peer.run(context.Background(), command)
	if err != nil {
		say(figures{"id": command.ID, "ok": false, "error": err.Error()})
		return
	}
	result["id"], result["ok"] = command.ID, true
	say(result)
}

// say writes one line; a single write, so that answers never mix.
func say(line figures) {
	text, err := json.Marshal(line)
	must(err)
	_, err = os.Stdout.Write(append(text, '\n'))
	must(err)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
