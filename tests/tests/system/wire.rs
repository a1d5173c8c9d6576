//! A wire between the keeper and the cluster's websocket that can be cut.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch::{self, Sender},
};

pub struct Wire {
    pub url: String,
    cut: Sender<()>,
}

impl Wire {
    /// `ws_url` is `ws://host:port`.
    pub async fn to(ws_url: &str) -> Self {
        let target = ws_url.strip_prefix("ws://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let (cut, knife) = watch::channel(());
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut knife) = (target.clone(), knife.clone());
                knife.mark_unchanged();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = knife.changed() => {}
                    }
                });
            }
        });
        Self { url, cut }
    }

    /// Ends every connection; new ones work.
    pub fn cut(&self) {
        self.cut.send_replace(());
    }
}
