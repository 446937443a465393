//! Raw streams: hands out what it negotiates. The crate libp2p-stream does the same, but drops inbound streams that arrive faster
//! than one at a time, which 200 at once do.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol,
    core::{Endpoint, InboundUpgrade, OutboundUpgrade, UpgradeInfo, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler,
        SubstreamProtocol, THandlerInEvent, THandlerOutEvent, ToSwarm,
        handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};
use tokio::sync::oneshot;

pub type Opened = oneshot::Sender<Result<Stream, String>>;

type Protocols = Arc<Mutex<Vec<StreamProtocol>>>;

/// To a connection: open a stream.
#[derive(Debug)]
pub struct Open {
    protocol: StreamProtocol,
    opened: Opened,
}

/// From a connection: a stream that the remote has opened.
#[derive(Debug)]
pub struct Inbound {
    pub protocol: StreamProtocol,
    pub stream: Stream,
}

#[derive(Default)]
pub struct Behaviour {
    protocols: Protocols,
    events: VecDeque<ToSwarm<(PeerId, Inbound), Open>>,
    waker: Option<Waker>,
}

impl Behaviour {
    pub fn serve(&mut self, protocol: StreamProtocol) {
        self.protocols.lock().unwrap().push(protocol);
    }

    pub fn open(&mut self, peer_id: PeerId, protocol: StreamProtocol, opened: Opened) {
        let event = Open { protocol, opened };
        self.events.push_back(ToSwarm::NotifyHandler { peer_id, handler: NotifyHandler::Any, event });
        self.waker.take().inspect(Waker::wake_by_ref);
    }

    fn handler(&self) -> Handler {
        Handler { protocols: self.protocols.clone(), events: VecDeque::new() }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = (PeerId, Inbound);

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<Handler, ConnectionDenied> {
        Ok(self.handler())
    }

    fn on_swarm_event(&mut self, _: FromSwarm) {}

    fn on_connection_handler_event(&mut self, peer: PeerId, _: ConnectionId, event: THandlerOutEvent<Self>) {
        self.events.push_back(ToSwarm::GenerateEvent((peer, event)));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(event) = self.events.pop_front() {
            return Poll::Ready(event);
        }
        self.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

pub struct Handler {
    protocols: Protocols,
    events: VecDeque<ConnectionHandlerEvent<Upgrade, Opened, Inbound>>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Open;
    type ToBehaviour = Inbound;
    type InboundProtocol = Upgrade;
    type OutboundProtocol = Upgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = Opened;

    fn listen_protocol(&self) -> SubstreamProtocol<Upgrade> {
        SubstreamProtocol::new(Upgrade(self.protocols.lock().unwrap().clone()), ())
    }

    fn on_behaviour_event(&mut self, Open { protocol, opened }: Open) {
        let protocol = SubstreamProtocol::new(Upgrade(vec![protocol]), opened);
        self.events.push_back(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<Upgrade, Upgrade, (), Opened>) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol: (stream, protocol), .. }) => {
                self.events.push_back(ConnectionHandlerEvent::NotifyBehaviour(Inbound { protocol, stream }));
            }
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol: (stream, _), info }) => {
                let _ = info.send(Ok(stream));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let _ = info.send(Err(error.to_string()));
            }
            _ => {}
        }
    }

    // The connection polls again after each of the two above, so no waker is needed.
    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Upgrade, Opened, Inbound>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Negotiates one of the protocols, and leaves the stream as it then is.
pub struct Upgrade(Vec<StreamProtocol>);

impl UpgradeInfo for Upgrade {
    type Info = StreamProtocol;
    type InfoIter = std::vec::IntoIter<StreamProtocol>;

    fn protocol_info(&self) -> Self::InfoIter {
        self.0.clone().into_iter()
    }
}

impl InboundUpgrade<Stream> for Upgrade {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}

impl OutboundUpgrade<Stream> for Upgrade {
    type Output = (Stream, StreamProtocol);
    type Error = Infallible;
    type Future = Ready<Result<Self::Output, Infallible>>;

    fn upgrade_outbound(self, stream: Stream, protocol: StreamProtocol) -> Self::Future {
        ready(Ok((stream, protocol)))
    }
}
