//! rust-libp2p as a peer: the program behind test/interop/control.ts, where the commands and the protocols are described.
//!
//! One task owns the swarm and does what the `Order`s say; each command, and each stream that is served, is a task of its own.

mod dial;
mod network;
mod serve;
mod state;
mod streams;

use std::{error::Error, io::BufRead, sync::Arc};

use libp2p::{Multiaddr, identity::Keypair, multiaddr::Protocol};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{dial::Dialer, state::State};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let key_type = flag("--key-type").unwrap_or("ed25519".into());
    let listen: Multiaddr = flag("--listen").unwrap_or("/ip4/127.0.0.1/tcp/0".into()).parse()?;

    let mut swarm = network::build(make_key(&key_type)?)?;
    let peer_id = *swarm.local_peer_id();
    let address = network::listen(&mut swarm, listen).await?.with(Protocol::P2p(peer_id));

    let state = Arc::new(State::default());
    let (orders, ordered) = mpsc::unbounded_channel();
    tokio::spawn(network::drive(swarm, ordered, orders.clone(), state.clone()));
    say(&json!({
        "event": "ready", "peerId": peer_id.to_string(), "addresses": [address.to_string()], "versions": versions(),
        "ours": {"echo": "rust-libp2p has no echo", "perf": "libp2p-perf is a crate apart, which libp2p does not include"},
    }));

    let dialer = Arc::new(Dialer { orders, state });
    let mut commands = lines();
    while let Some(line) = commands.recv().await {
        let command: Value = serde_json::from_str(&line)?;
        if command["do"] == "quit" {
            break;
        }
        let dialer = dialer.clone();
        tokio::spawn(async move {
            let mut answer = match dialer.run(&command).await {
                Ok(figures) => figures,
                Err(error) => json!({"error": error}),
            };
            answer["ok"] = json!(answer.get("error").is_none());
            answer["id"] = command["id"].clone();
            say(&answer);
        });
    }
    std::process::exit(0)
}

fn flag(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

fn make_key(key_type: &str) -> Result<Keypair, Box<dyn Error>> {
    match key_type {
        "ed25519" => Ok(Keypair::generate_ed25519()),
        "secp256k1" => Ok(Keypair::generate_secp256k1()),
        "ecdsa" => Ok(Keypair::generate_ecdsa()),
        "rsa" => {
            use rsa::pkcs8::EncodePrivateKey;
            let key = rsa::RsaPrivateKey::new(&mut rand::thread_rng(), 2048)?;
            Ok(Keypair::rsa_from_pkcs8(&mut key.to_pkcs8_der()?.as_bytes().to_vec())?)
        }
        _ => Err(format!("no key type {key_type}").into()),
    }
}

/// As the lock file has them, which is what was built.
fn versions() -> Value {
    let locked = |name: &str| {
        let entry = format!("name = \"{name}\"\nversion = \"");
        let lock = include_str!("../Cargo.lock");
        lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("?").to_owned()
    };
    json!({"rust-libp2p": locked("libp2p"), "noise": locked("libp2p-noise"), "yamux": locked("yamux")})
}

/// Stdin, read by a thread, so that nothing waits for it at the exit.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn say(line: &Value) {
    println!("{line}");
}
