//! What this peer serves.

use std::{io, sync::Arc};

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::{PeerId, Stream, StreamProtocol};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use crate::{network::Order, state::State, streams::Inbound};

pub const ECHO: StreamProtocol = StreamProtocol::new("/echo/1.0.0");
pub const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");
pub const SINK: StreamProtocol = StreamProtocol::new("/troupe/test/sink/1.0.0");
pub const SOURCE: StreamProtocol = StreamProtocol::new("/troupe/test/source/1.0.0");
pub const CLOSE_FIRST: StreamProtocol = StreamProtocol::new("/troupe/test/close-first/1.0.0");
pub const HOLD: StreamProtocol = StreamProtocol::new("/troupe/test/hold/1.0.0");
pub const RESET: StreamProtocol = StreamProtocol::new("/troupe/test/reset/1.0.0");
pub const CLOSE: StreamProtocol = StreamProtocol::new("/troupe/test/close/1.0.0");

pub const PROTOCOLS: [StreamProtocol; 8] = [ECHO, PERF, SINK, SOURCE, CLOSE_FIRST, HOLD, RESET, CLOSE];

const CHUNK_BYTES: usize = 65536;

/// Serves one stream. Dropped without a close, as after an error, it is reset.
pub async fn serve(peer: PeerId, inbound: Inbound, orders: mpsc::UnboundedSender<Order>, state: Arc<State>) {
    let Inbound { protocol, mut stream } = inbound;
    let mut tally = Tally::default();
    let result = match &protocol {
        id if *id == ECHO => echo(&mut stream).await,
        id if *id == PERF => perf(&mut stream).await,
        id if *id == SINK => sink(&mut stream, &mut tally).await,
        id if *id == SOURCE => source(&mut stream, &mut tally).await,
        id if *id == CLOSE_FIRST => close_first(&mut stream, &mut tally).await,
        id if *id == HOLD => hold(&mut stream, &mut tally).await,
        id if *id == RESET => first_byte(&mut stream, &mut tally).await.and(Err(io::ErrorKind::ConnectionReset.into())),
        id if *id == CLOSE => {
            let first = first_byte(&mut stream, &mut tally).await;
            let _ = orders.send(Order::Close(peer));
            first.and(tally.read_to_reset(&mut stream).await)
        }
        _ => stream.close().await,
    };
    drop(stream);
    if let Err(error) = &result {
        eprintln!("{protocol}: {error}");
    }
    if protocol != ECHO && protocol != PERF {
        let mut record = tally.figures();
        record["outcome"] = json!(if result.is_ok() { "end" } else { "reset" });
        state.change(|known| known.served.entry(protocol.to_string()).or_default().push_back(record));
    }
}

async fn echo(stream: &mut Stream) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match stream.read(&mut chunk).await? {
            0 => return stream.close().await,
            length => stream.write_all(&chunk[..length]).await?,
        }
        stream.flush().await?;
    }
}

async fn perf(stream: &mut Stream) -> io::Result<()> {
    let mut header = [0; 8];
    stream.read_exact(&mut header).await?;
    Tally::default().read(stream).await?;
    write_zeros(stream, u64::from_be_bytes(header)).await?;
    stream.close().await
}

async fn sink(stream: &mut Stream, tally: &mut Tally) -> io::Result<()> {
    tally.read(stream).await?;
    stream.write_all(&tally.bytes.to_be_bytes()).await?;
    stream.write_all(&tally.digest()).await?;
    stream.close().await
}

async fn source(stream: &mut Stream, tally: &mut Tally) -> io::Result<()> {
    let mut order = Vec::new();
    stream.read_to_end(&mut order).await?;
    tally.take(&order);
    let order: [u8; 12] = order.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    let bytes = u64::from_be_bytes(order[..8].try_into().unwrap());
    let seed = u32::from_be_bytes(order[8..].try_into().unwrap());
    write_pattern(stream, seed, 0, bytes).await?;
    stream.close().await
}

async fn close_first(stream: &mut Stream, tally: &mut Tally) -> io::Result<()> {
    stream.close().await?;
    tally.read(stream).await
}

async fn hold(stream: &mut Stream, tally: &mut Tally) -> io::Result<()> {
    first_byte(stream, tally).await?;
    stream.write_all(&[1]).await?;
    stream.flush().await?;
    tally.read_to_reset(stream).await?;
    stream.close().await
}

async fn first_byte(stream: &mut Stream, tally: &mut Tally) -> io::Result<()> {
    let mut first = [0];
    stream.read_exact(&mut first).await?;
    tally.take(&first);
    Ok(())
}

/// Counts and hashes what it takes.
#[derive(Default)]
pub struct Tally {
    pub bytes: u64,
    hash: Sha256,
}

impl Tally {
    pub fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
    }

    /// Takes all that comes until the remote has closed.
    pub async fn read(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            match stream.read(&mut chunk).await? {
                0 => return Ok(()),
                length => self.take(&chunk[..length]),
            }
        }
    }

    /// The same, and fails when that was a reset: yamux reads it as an end, so only a write tells.
    pub async fn read_to_reset(&mut self, stream: &mut Stream) -> io::Result<()> {
        self.read(stream).await?;
        stream.write_all(&[0]).await?;
        stream.flush().await
    }

    pub fn digest(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    pub fn figures(&self) -> Value {
        json!({"bytes": self.bytes, "sha256": hex(&self.digest())})
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same in all peers: the top byte of `(i + seed) * 0x9e3779b1`.
pub fn pattern(seed: u32, from: u64, length: usize) -> Vec<u8> {
    let first = (from as u32).wrapping_add(seed);
    (0..length as u32).map(|i| (first.wrapping_add(i).wrapping_mul(0x9e3779b1) >> 24) as u8).collect()
}

pub async fn write_pattern(stream: &mut (impl AsyncWrite + Unpin), seed: u32, mut from: u64, end: u64) -> io::Result<()> {
    while from < end {
        let length = (end - from).min(CHUNK_BYTES as u64);
        stream.write_all(&pattern(seed, from, length as usize)).await?;
        from += length;
    }
    stream.flush().await
}

pub async fn write_zeros(stream: &mut (impl AsyncWrite + Unpin), mut bytes: u64) -> io::Result<()> {
    let zeros = vec![0; CHUNK_BYTES];
    while bytes > 0 {
        let length = bytes.min(CHUNK_BYTES as u64);
        stream.write_all(&zeros[..length as usize]).await?;
        bytes -= length;
    }
    stream.flush().await
}
