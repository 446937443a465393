//! rust-libp2p as one of the compared: the program behind bench/compare/control.ts, where the commands are described.
//!
//! Each node is a task that owns its swarm and does what the `Order`s say; each stream that is served is a task of its own.

#[path = "../../../test/interop/rust/src/streams.rs"]
mod streams;

use std::{
    collections::HashMap,
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, future::try_join_all};
use libp2p::{
    Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder, identify,
    multiaddr::Protocol,
    noise,
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle, dial_opts::DialOpts},
    tcp, yamux,
};
use serde_json::{Value, json};
use tokio::{
    io::AsyncBufReadExt,
    sync::{mpsc, oneshot},
};

const ECHO: StreamProtocol = StreamProtocol::new("/echo/1.0.0");
const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");
const PIECE_BYTES: usize = 65_536;

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: Toggle<identify::Behaviour>,
    streams: streams::Behaviour,
}

enum Order {
    Connect(PeerId, Multiaddr, oneshot::Sender<Result<(), String>>),
    Open(PeerId, StreamProtocol, streams::Opened),
    Close(PeerId, oneshot::Sender<()>),
}

type Orders = mpsc::UnboundedSender<Order>;

/// What this process has seen.
#[derive(Default)]
struct Seen {
    received: AtomicU64,
    opened: AtomicU64,
    identified: AtomicU64,
    connections: AtomicI64,
    streams: AtomicI64,
}

/// A stream that counts as open while it lives.
struct Counted {
    stream: Stream,
    seen: Arc<Seen>,
}

impl Counted {
    fn new(stream: Stream, seen: &Arc<Seen>) -> Self {
        seen.streams.fetch_add(1, Relaxed);
        Counted { stream, seen: seen.clone() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.seen.streams.fetch_sub(1, Relaxed);
    }
}

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let has = |flag: &str| std::env::args().any(|word| word == flag);
    let count: usize = std::env::args().skip_while(|word| word != "--nodes").nth(1).map_or(Ok(1), |text| text.parse())?;
    let seen = Arc::new(Seen::default());
    let mut nodes = Vec::new();
    let mut addresses = Vec::new();
    for _ in 0..count {
        let mut swarm = build(has("--identify"))?;
        if has("--listen") {
            let address = listen(&mut swarm).await?.with(Protocol::P2p(*swarm.local_peer_id()));
            addresses.push(address.to_string());
        }
        let (orders, ordered) = mpsc::unbounded_channel();
        tokio::spawn(drive(swarm, ordered, seen.clone()));
        nodes.push(orders);
    }
    say(&json!({"event": "ready", "addresses": addresses, "versions": versions()}));

    let mut dialer = Dialer { orders: nodes.swap_remove(0), seen, peer: None };
    let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let told: Value = serde_json::from_str(&line)?;
        let mut answer = dialer.run(&told).await.unwrap_or_else(|error| json!({"error": error.to_string()}));
        answer["ok"] = json!(answer.get("error").is_none());
        answer["id"] = told["id"].clone();
        say(&answer);
    }
    std::process::exit(0)
}

fn build(identifies: bool) -> Result<Swarm<Behaviour>, Failure> {
    Ok(SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| {
            let mut streams = streams::Behaviour::default();
            [ECHO, PERF].into_iter().for_each(|protocol| streams.serve(protocol));
            let identify = identifies.then(|| identify::Behaviour::new(identify::Config::new("ipfs/0.1.0".into(), key.public())));
            Behaviour { identify: identify.into(), streams }
        })?
        .with_swarm_config(|config| {
            config
                // The default of 128 drops those of 256 streams that arrive while so many still negotiate.
                .with_max_negotiating_inbound_streams(1000)
                .with_idle_connection_timeout(Duration::from_secs(3600))
        })
        .build())
}

async fn listen(swarm: &mut Swarm<Behaviour>) -> Result<Multiaddr, Failure> {
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return Ok(address);
        }
    }
}

async fn drive(mut swarm: Swarm<Behaviour>, mut ordered: mpsc::UnboundedReceiver<Order>, seen: Arc<Seen>) {
    let mut dialing: HashMap<PeerId, oneshot::Sender<Result<(), String>>> = HashMap::new();
    let mut closing: HashMap<PeerId, oneshot::Sender<()>> = HashMap::new();
    loop {
        tokio::select! {
            Some(order) = ordered.recv() => match order {
                Order::Connect(peer, address, connected) => match swarm.dial(DialOpts::peer_id(peer).addresses(vec![address]).build()) {
                    Ok(()) => {
                        dialing.insert(peer, connected);
                    }
                    Err(error) => {
                        let _ = connected.send(Err(error.to_string()));
                    }
                },
                Order::Open(peer, protocol, opened) => swarm.behaviour_mut().streams.open(peer, protocol, opened),
                Order::Close(peer, closed) => {
                    closing.insert(peer, closed);
                    let _ = swarm.disconnect_peer_id(peer);
                }
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                    seen.opened.fetch_add(1, Relaxed);
                    seen.connections.fetch_add(1, Relaxed);
                    if let Some(connected) = dialing.remove(&peer_id) {
                        let _ = connected.send(Ok(()));
                    }
                }
                SwarmEvent::ConnectionClosed { peer_id, .. } => {
                    seen.connections.fetch_sub(1, Relaxed);
                    if let Some(closed) = closing.remove(&peer_id) {
                        let _ = closed.send(());
                    }
                }
                SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                    if let Some(connected) = dialing.remove(&peer) {
                        let _ = connected.send(Err(error.to_string()));
                    }
                }
                SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { .. })) => {
                    seen.identified.fetch_add(1, Relaxed);
                }
                SwarmEvent::Behaviour(BehaviourEvent::Streams((_, inbound))) => {
                    let (seen, stream) = (seen.clone(), Counted::new(inbound.stream, &seen));
                    tokio::spawn(async move {
                        let served = if inbound.protocol == ECHO { echo(stream).await } else { perf(stream, &seen).await };
                        if let Err(error) = served {
                            eprintln!("{}: {error}", inbound.protocol);
                        }
                    });
                }
                _ => {}
            },
        }
    }
}

async fn echo(mut counted: Counted) -> io::Result<()> {
    let mut chunk = vec![0; PIECE_BYTES];
    loop {
        match counted.stream.read(&mut chunk).await? {
            0 => return counted.stream.close().await,
            length => counted.stream.write_all(&chunk[..length]).await?,
        }
        counted.stream.flush().await?;
    }
}

async fn perf(mut counted: Counted, seen: &Seen) -> io::Result<()> {
    let mut header = [0; 8];
    counted.stream.read_exact(&mut header).await?;
    let received = drain(&mut counted.stream).await?;
    seen.received.fetch_add(received, Relaxed);
    send(&mut counted.stream, u64::from_be_bytes(header)).await?;
    counted.stream.close().await
}

async fn drain(stream: &mut Stream) -> io::Result<u64> {
    let mut chunk = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        match stream.read(&mut chunk).await? {
            0 => return Ok(bytes),
            length => bytes += length as u64,
        }
    }
}

async fn send(stream: &mut Stream, mut bytes: u64) -> io::Result<()> {
    let piece = vec![0; PIECE_BYTES];
    while bytes > 0 {
        let length = bytes.min(PIECE_BYTES as u64);
        stream.write_all(&piece[..length as usize]).await?;
        bytes -= length;
    }
    stream.flush().await
}

/// The first node, and whom it is connected with.
struct Dialer {
    orders: Orders,
    seen: Arc<Seen>,
    peer: Option<PeerId>,
}

type Answer = Result<Value, Failure>;

impl Dialer {
    async fn run(&mut self, told: &Value) -> Answer {
        let number = |name: &str| told[name].as_u64().unwrap_or_default();
        match told["do"].as_str().unwrap_or_default() {
            "connect" => {
                self.peer = Some(connect(&self.orders, &addresses(told)?[0]).await?);
                Ok(json!({}))
            }
            "bulk" => self.bulk(number("streams"), number("up"), number("down")).await,
            "writes" => self.writes(number("size") as usize, number("count")).await,
            "trips" => self.trips(number("count"), number("bytes") as usize).await,
            "streams" => self.streams(number("count"), number("atOnce")).await,
            "handshakes" => self.handshakes(&addresses(told)?, number("count"), number("atOnce")).await,
            "seen" => Ok(json!({
                "received": self.seen.received.swap(0, Relaxed),
                "opened": self.seen.opened.swap(0, Relaxed),
                "connections": self.seen.connections.load(Relaxed),
                "streams": self.seen.streams.load(Relaxed),
                "identified": self.seen.identified.load(Relaxed),
            })),
            "cpu" => Ok(json!({"cpuMs": cpu_ms()?})),
            other => Err(format!("{other} is not for this program").into()),
        }
    }

    async fn open(&self, protocol: StreamProtocol) -> Result<Counted, Failure> {
        open(&self.orders, &self.seen, self.peer.ok_or("not connected")?, protocol).await
    }

    async fn bulk(&self, streams: u64, up: u64, down: u64) -> Answer {
        let share = |bytes: u64, index: u64| if index == 0 { bytes - bytes / streams * (streams - 1) } else { bytes / streams };
        timed(try_join_all((0..streams).map(async |i| {
            let mut counted = self.open(PERF).await?;
            let down = share(down, i);
            counted.stream.write_all(&down.to_be_bytes()).await?;
            send(&mut counted.stream, share(up, i)).await?;
            counted.stream.close().await?;
            match drain(&mut counted.stream).await? {
                bytes if bytes == down => Ok(()),
                bytes => Err(Failure::from(format!("{bytes} of {down} bytes came back"))),
            }
        })))
        .await
    }

    async fn writes(&self, size: usize, count: u64) -> Answer {
        let mut counted = self.open(PERF).await?;
        let bytes = vec![0; size];
        counted.stream.write_all(&[0; 8]).await?;
        timed(async {
            for _ in 0..count {
                counted.stream.write_all(&bytes).await?;
            }
            counted.stream.close().await?;
            match drain(&mut counted.stream).await? {
                0 => Ok(()),
                _ => Err(Failure::from("something came back")),
            }
        })
        .await
    }

    async fn trips(&self, count: u64, bytes: usize) -> Answer {
        let mut counted = self.open(ECHO).await?;
        let (bytes, mut answer) = (vec![0; bytes], vec![0; bytes]);
        let mut seen = Vec::new();
        for _ in 0..count {
            let began = Instant::now();
            counted.stream.write_all(&bytes).await?;
            counted.stream.flush().await?;
            counted.stream.read_exact(&mut answer).await?;
            seen.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        end(counted).await?;
        seen.sort_by(f64::total_cmp);
        let quantile = |p: f64| seen[((p * count as f64).ceil() as usize).clamp(1, seen.len()) - 1];
        Ok(json!({"p50": quantile(0.5), "p99": quantile(0.99)}))
    }

    async fn streams(&self, count: u64, at_once: u64) -> Answer {
        timed(workers(count, at_once, async |_| {
            let mut counted = self.open(ECHO).await?;
            let mut answer = [0];
            counted.stream.write_all(&[7]).await?;
            counted.stream.flush().await?;
            counted.stream.read_exact(&mut answer).await?;
            end(counted).await
        }))
        .await
    }

    async fn handshakes(&self, addresses: &[Multiaddr], count: u64, at_once: u64) -> Answer {
        timed(workers(count, at_once, async |worker| {
            let peer = connect(&self.orders, &addresses[worker]).await?;
            // It takes itself for connected before the other side has answered; a stream is there when it has.
            drop(open(&self.orders, &self.seen, peer, ECHO).await?);
            let (closed, gone) = oneshot::channel();
            let _ = self.orders.send(Order::Close(peer, closed));
            Ok(gone.await?)
        }))
        .await
    }
}

async fn connect(orders: &Orders, address: &Multiaddr) -> Result<PeerId, Failure> {
    let Some(Protocol::P2p(peer)) = address.iter().last() else {
        return Err(format!("no peer id in {address}").into());
    };
    let (connected, connection) = oneshot::channel();
    let _ = orders.send(Order::Connect(peer, address.clone(), connected));
    connection.await??;
    Ok(peer)
}

async fn open(orders: &Orders, seen: &Arc<Seen>, peer: PeerId, protocol: StreamProtocol) -> Result<Counted, Failure> {
    let (opened, stream) = oneshot::channel();
    let _ = orders.send(Order::Open(peer, protocol, opened));
    Ok(Counted::new(stream.await??, seen))
}

async fn end(mut counted: Counted) -> Result<(), Failure> {
    counted.stream.close().await?;
    match drain(&mut counted.stream).await? {
        0 => Ok(()),
        _ => Err("more came than was sent".into()),
    }
}

/// `count` pieces of work, `at_once` at a time. Each worker has a number of its own.
async fn workers(count: u64, at_once: u64, work: impl AsyncFn(usize) -> Result<(), Failure>) -> Result<(), Failure> {
    let next = AtomicU64::new(0);
    try_join_all((0..at_once.min(count)).map(async |worker| {
        while next.fetch_add(1, Relaxed) < count {
            work(worker as usize).await?;
        }
        Ok::<_, Failure>(())
    }))
    .await?;
    Ok(())
}

async fn timed<T>(work: impl Future<Output = Result<T, Failure>>) -> Answer {
    let began = Instant::now();
    work.await?;
    Ok(json!({"ms": began.elapsed().as_secs_f64() * 1000.0}))
}

fn addresses(told: &Value) -> Result<Vec<Multiaddr>, Failure> {
    let texts = told["addresses"].as_array().ok_or("no addresses")?;
    texts.iter().map(|text| Ok(text.as_str().unwrap_or_default().parse()?)).collect()
}

/// Of the whole process so far; Linux tells it in ticks of 10 ms.
fn cpu_ms() -> Result<f64, Failure> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit_once(')').ok_or("/proc/self/stat")?.1;
    // Behind the name: 11 fields of no interest, then utime and stime (proc(5), fields 14 and 15).
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks * 10.0)
}

/// As the lock file has them, which is what was built.
fn versions() -> Value {
    let locked = |name: &str| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let lock = include_str!("../../../test/interop/rust/Cargo.lock");
        lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?").to_owned()
    };
    json!({"rust-libp2p": locked("libp2p"), "noise": locked("libp2p-noise"), "yamux": locked("yamux")})
}

fn say(line: &Value) {
    println!("{line}");
}
