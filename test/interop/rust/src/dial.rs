//! The commands.

use std::{io, sync::Arc, time::Instant};

use futures::{AsyncReadExt, AsyncWriteExt, future::try_join_all};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, multiaddr::Protocol};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::{
    network::Order,
    serve::{self, Tally, hex, pattern, write_pattern, write_zeros},
    state::{Known, State, within},
};

pub struct Dialer {
    pub orders: mpsc::UnboundedSender<Order>,
    pub state: Arc<State>,
}

type Answer = Result<Value, String>;

impl Dialer {
    pub async fn run(&self, told: &Value) -> Answer {
        match text(told, "do") {
            "identify" => {
                let peer = self.connect(told).await?;
                self.identity_of(peer, None).await
            }
            "push" => {
                self.connect(told).await?;
                self.order(Order::Serve(protocol_of(told)?));
                Ok(json!({}))
            }
            "ping" => self.ping(told).await,
            "echo" => self.echo(told).await,
            "perf" => self.perf(told).await,
            "streams" => self.streams(told).await,
            "half-close" if text(told, "by") == "dialer" => self.to_sink(told).await,
            "half-close" => self.after_their_end(told).await,
            "reset" => self.reset(told).await,
            "close" => self.close(told).await,
            "bulk" => self.bulk(told).await,
            "seen" => self.identity_of(peer_of(told)?, told["protocol"].as_str()).await,
            "served" => {
                let id = text(told, "protocol");
                self.state.until(id, |known| known.served.get_mut(id)?.pop_front()).await
            }
            "connected" => {
                self.connected(peer_of(told)?, told["want"] == true).await?;
                Ok(json!({}))
            }
            "hang-up" => {
                self.order(Order::Close(peer_of(told)?));
                Ok(json!({}))
            }
            other => Err(format!("no command {other}")),
        }
    }

    async fn ping(&self, told: &Value) -> Answer {
        let peer = self.connect(told).await?;
        let count = number(told, "count") as usize;
        let before = self.state.until("", |known| Some(known.pings.get(&peer).map_or(0, Vec::len))).await?;
        let enough = |known: &mut Known| {
            let rtts = known.pings.get(&peer)?.get(before..)?;
            (rtts.len() >= count).then(|| rtts[..count].to_vec())
        };
        Ok(json!({"rttMs": self.state.until("pings", enough).await?}))
    }

    async fn echo(&self, told: &Value) -> Answer {
        let stream = self.open(told, serve::ECHO).await?;
        Ok(exchange(stream, seed(told), number(told, "bytes")).await.map_err(broken)?.figures())
    }

    async fn perf(&self, told: &Value) -> Answer {
        let (upload, download) = (number(told, "upload"), number(told, "download"));
        let mut stream = self.open(told, serve::PERF).await?;
        let started = Instant::now();
        let mut tally = Tally::default();
        let work = async {
            stream.write_all(&download.to_be_bytes()).await?;
            write_zeros(&mut stream, upload).await?;
            stream.close().await?;
            tally.read(&mut stream).await
        };
        work.await.map_err(broken)?;
        Ok(json!({"upload": upload, "download": tally.bytes, "ms": milliseconds(started)}))
    }

    /// Opens all of them and brings half an echo over each, before any is ended.
    async fn streams(&self, told: &Value) -> Answer {
        let peer = self.connect(told).await?;
        let (count, bytes, seed) = (number(told, "count") as u32, number(told, "bytes"), seed(told));
        let half = bytes.div_ceil(2);
        let opened = try_join_all((0..count).map(async |i| {
            let mut stream = self.open_to(peer, serve::ECHO).await?;
            let mut received = vec![0; half as usize];
            let work = async {
                write_pattern(&mut stream, seed.wrapping_add(i), 0, half).await?;
                stream.read_exact(&mut received).await
            };
            within("half an echo", async { work.await.map_err(broken) }).await?;
            Ok::<_, String>((i, stream, received))
        }))
        .await?;
        let received = try_join_all(opened.into_iter().map(async |(i, mut stream, mut received)| {
            let work = async {
                write_pattern(&mut stream, seed.wrapping_add(i), half, bytes).await?;
                stream.close().await?;
                stream.read_to_end(&mut received).await
            };
            within("the other half", async { work.await.map_err(broken) }).await?;
            Ok::<_, String>(received)
        }))
        .await?;
        let mut tally = Tally::default();
        received.iter().for_each(|bytes| tally.take(bytes));
        let mut answer = tally.figures();
        answer["streams"] = json!(received.len());
        Ok(answer)
    }

    async fn to_sink(&self, told: &Value) -> Answer {
        let mut stream = self.open(told, serve::SINK).await?;
        let mut answer = Vec::new();
        let work = async {
            write_pattern(&mut stream, seed(told), 0, number(told, "bytes")).await?;
            stream.close().await?;
            stream.read_to_end(&mut answer).await
        };
        work.await.map_err(broken)?;
        let (bytes, sha256) = answer.split_at_checked(8).ok_or("the sink answered too little")?;
        Ok(json!({"bytes": u64::from_be_bytes(bytes.try_into().unwrap()), "sha256": hex(sha256)}))
    }

    async fn out_of_source(&self, told: &Value) -> Answer {
        let mut stream = self.open(told, serve::SOURCE).await?;
        let mut tally = Tally::default();
        let work = async {
            stream.write_all(&number(told, "bytes").to_be_bytes()).await?;
            stream.write_all(&seed(told).to_be_bytes()).await?;
            stream.close().await?;
            tally.read(&mut stream).await
        };
        work.await.map_err(broken)?;
        Ok(tally.figures())
    }

    async fn after_their_end(&self, told: &Value) -> Answer {
        let mut stream = self.open(told, serve::CLOSE_FIRST).await?;
        let mut early = Tally::default();
        within("their end", async { early.read(&mut stream).await.map_err(broken) }).await?;
        if early.bytes > 0 {
            return Err(format!("{} bytes before their end", early.bytes));
        }
        let bytes = number(told, "bytes");
        let work = async {
            write_pattern(&mut stream, seed(told), 0, bytes).await?;
            stream.close().await
        };
        work.await.map_err(broken)?;
        let mut sent = Tally::default();
        sent.take(&pattern(seed(told), 0, bytes as usize));
        Ok(sent.figures())
    }

    async fn reset(&self, told: &Value) -> Answer {
        if text(told, "by") == "listener" {
            let mut stream = self.open(told, serve::RESET).await?;
            return first_byte(&mut stream).await;
        }
        let mut stream = self.open(told, serve::HOLD).await?;
        held(&mut stream).await?;
        // What is dropped before it is closed is reset.
        drop(stream);
        Ok(json!({"outcome": "reset"}))
    }

    async fn close(&self, told: &Value) -> Answer {
        let peer = self.connect(told).await?;
        let answer = if text(told, "by") == "listener" {
            let mut stream = self.open(told, serve::CLOSE).await?;
            first_byte(&mut stream).await?
        } else {
            let mut stream = self.open(told, serve::HOLD).await?;
            held(&mut stream).await?;
            self.order(Order::Close(peer));
            // A reader of it would not be woken by that.
            drop(stream);
            json!({"outcome": "reset"})
        };
        self.connected(peer, false).await?;
        Ok(answer)
    }

    async fn bulk(&self, told: &Value) -> Answer {
        self.connect(told).await?;
        let started = Instant::now();
        let mut answer = if text(told, "way") == "up" { self.to_sink(told).await? } else { self.out_of_source(told).await? };
        answer["ms"] = json!(milliseconds(started));
        Ok(answer)
    }

    async fn connect(&self, told: &Value) -> Result<PeerId, String> {
        let address: Multiaddr = text(told, "address").parse().map_err(|error| format!("{error}"))?;
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err(format!("no peer id in {address}"));
        };
        let (connected, connection) = oneshot::channel();
        self.order(Order::Connect(peer, address, connected));
        connection.await.map_err(|error| error.to_string())??;
        Ok(peer)
    }

    async fn open(&self, told: &Value, protocol: StreamProtocol) -> Result<Stream, String> {
        let peer = self.connect(told).await?;
        self.open_to(peer, protocol).await
    }

    async fn open_to(&self, peer: PeerId, protocol: StreamProtocol) -> Result<Stream, String> {
        let (opened, stream) = oneshot::channel();
        self.order(Order::Open(peer, protocol, opened));
        stream.await.map_err(|_| "the connection is gone".to_owned())?
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
    }

    async fn connected(&self, peer: PeerId, want: bool) -> Result<(), String> {
        self.state.until("the connection", |known| (known.connected.contains(&peer) == want).then_some(())).await
    }

    async fn identity_of(&self, peer: PeerId, protocol: Option<&str>) -> Answer {
        let look = |known: &mut Known| {
            let said = known.seen.get(&peer)?;
            let serves = |wanted| said["protocols"].as_array().is_some_and(|ids| ids.iter().any(|id| *id == wanted));
            protocol.is_none_or(serves).then(|| said.clone())
        };
        self.state.until(protocol.unwrap_or("identify"), look).await
    }
}

/// Writes so much of the pattern, and reads meanwhile, to the end.
async fn exchange(stream: Stream, seed: u32, bytes: u64) -> io::Result<Tally> {
    let (mut reader, mut writer) = stream.split();
    let mut tally = Tally::default();
    let write = async {
        write_pattern(&mut writer, seed, 0, bytes).await?;
        writer.close().await
    };
    futures::try_join!(write, tally.read(&mut reader))?;
    Ok(tally)
}

async fn held(stream: &mut Stream) -> Result<(), String> {
    let mut answer = [0];
    let work = async {
        stream.write_all(&[1]).await?;
        stream.flush().await?;
        stream.read_exact(&mut answer).await
    };
    within("the answer to the first byte", async { work.await.map_err(broken) }).await
}

async fn first_byte(stream: &mut Stream) -> Answer {
    stream.write_all(&[1]).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    within("the stream to end", async {
        let ended = Tally::default().read_to_reset(stream).await;
        Ok(json!({"outcome": if ended.is_ok() { "end" } else { "reset" }}))
    })
    .await
}

fn text<'a>(told: &'a Value, name: &str) -> &'a str {
    told[name].as_str().unwrap_or_default()
}

fn number(told: &Value, name: &str) -> u64 {
    told[name].as_u64().unwrap_or_default()
}

fn seed(told: &Value) -> u32 {
    number(told, "seed") as u32
}

fn peer_of(told: &Value) -> Result<PeerId, String> {
    text(told, "peer").parse().map_err(|error| format!("{error}"))
}

fn protocol_of(told: &Value) -> Result<StreamProtocol, String> {
    StreamProtocol::try_from_owned(text(told, "protocol").to_owned()).map_err(|error| error.to_string())
}

fn broken(error: io::Error) -> String {
    format!("{:?}: {error}", error.kind())
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
