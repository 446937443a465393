//! The swarm, and the one task that drives it.

use std::{collections::HashMap, error::Error, sync::Arc, time::Duration};

use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify,
    identity::Keypair,
    noise, ping,
    swarm::{NetworkBehaviour, SwarmEvent, dial_opts::DialOpts},
    tcp, yamux,
};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use crate::{
    serve,
    state::State,
    streams::{self, Opened},
};

#[derive(NetworkBehaviour)]
pub struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    streams: streams::Behaviour,
}

/// What the task that owns the swarm is asked to do.
pub enum Order {
    Connect(PeerId, Multiaddr, oneshot::Sender<Result<(), String>>),
    Open(PeerId, StreamProtocol, Opened),
    Close(PeerId),
    /// Serves one protocol more, and pushes that to whoever is connected.
    Serve(StreamProtocol),
}

pub fn build(key: Keypair) -> Result<Swarm<Behaviour>, Box<dyn Error>> {
    Ok(SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| {
            let mut streams = streams::Behaviour::default();
            serve::PROTOCOLS.into_iter().for_each(|protocol| streams.serve(protocol));
            Behaviour {
                identify: identify::Behaviour::new(identify::Config::new("ipfs/0.1.0".into(), key.public())),
                // It pings by itself, and cannot be asked to. The default of 15 s is long for a test.
                ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_millis(200))),
                streams,
            }
        })?
        .with_swarm_config(|config| {
            config
                // The default of 128 drops those of 200 streams that arrive while so many still negotiate.
                .with_max_negotiating_inbound_streams(1000)
                // The default closes a connection without streams after 10 s.
                .with_idle_connection_timeout(Duration::from_secs(3600))
        })
        .build())
}

pub async fn listen(swarm: &mut Swarm<Behaviour>, address: Multiaddr) -> Result<Multiaddr, Box<dyn Error>> {
    swarm.listen_on(address)?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { address, .. } => return Ok(address),
            SwarmEvent::ListenerError { error, .. } => return Err(error.into()),
            _ => {}
        }
    }
}

pub async fn drive(
    mut swarm: Swarm<Behaviour>,
    mut ordered: mpsc::UnboundedReceiver<Order>,
    orders: mpsc::UnboundedSender<Order>,
    state: Arc<State>,
) {
    let mut dialing = Dialing::new();
    loop {
        tokio::select! {
            Some(order) = ordered.recv() => match order {
                Order::Connect(peer, _, connected) if swarm.is_connected(&peer) => {
                    let _ = connected.send(Ok(()));
                }
                Order::Connect(peer, address, connected) => {
                    let waiting = dialing.entry(peer).or_default();
                    waiting.push(connected);
                    if waiting.len() == 1 && let Err(error) = swarm.dial(DialOpts::peer_id(peer).addresses(vec![address]).build()) {
                        settle(&mut dialing, peer, Err(error.to_string()));
                    }
                }
                Order::Open(peer, protocol, opened) => swarm.behaviour_mut().streams.open(peer, protocol, opened),
                Order::Close(peer) => {
                    let _ = swarm.disconnect_peer_id(peer);
                }
                Order::Serve(protocol) => {
                    swarm.behaviour_mut().streams.serve(protocol);
                    let peers: Vec<PeerId> = swarm.connected_peers().copied().collect();
                    swarm.behaviour_mut().identify.push(peers);
                }
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    state.change(|known| {
                        known.connected.insert(peer_id);
                    });
                    settle(&mut dialing, peer_id, Ok(()));
                }
                SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => state.change(|known| {
                    known.connected.remove(&peer_id);
                    known.pings.remove(&peer_id);
                }),
                SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                    settle(&mut dialing, peer, Err(error.to_string()));
                }
                SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                    state.change(|known| {
                        known.seen.insert(peer_id, said(&info));
                    });
                }
                SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, result, .. })) => match result {
                    Ok(rtt) => state.change(|known| known.pings.entry(peer).or_default().push(rtt.as_secs_f64() * 1000.0)),
                    Err(error) => eprintln!("ping of {peer}: {error}"),
                },
                SwarmEvent::Behaviour(BehaviourEvent::Streams((peer, inbound))) => {
                    tokio::spawn(serve::serve(peer, inbound, orders.clone(), state.clone()));
                }
                _ => {}
            },
        }
    }
}

/// Who waits for a connection to whom.
type Dialing = HashMap<PeerId, Vec<oneshot::Sender<Result<(), String>>>>;

fn settle(dialing: &mut Dialing, peer: PeerId, result: Result<(), String>) {
    for connected in dialing.remove(&peer).unwrap_or_default() {
        let _ = connected.send(result.clone());
    }
}

fn said(info: &identify::Info) -> serde_json::Value {
    json!({
        "peerId": info.public_key.to_peer_id().to_string(),
        "agentVersion": info.agent_version,
        "protocolVersion": info.protocol_version,
        "protocols": info.protocols.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "listenAddrs": info.listen_addrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "observedAddr": info.observed_addr.to_string(),
    })
}
