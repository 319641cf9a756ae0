//! Names are claimed by one at a time, and held.

use jiff::Timestamp;
use model::{UserId, handle::Handle, time::after};

use super::both;
use crate::{Db, Unrecorded, handles, users};

const DAY: i64 = 24 * 60 * 60;

fn user(n: u8) -> UserId {
    format!("u_{n:019}0").parse().unwrap()
}

fn handle(text: &str) -> Handle {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

/// Accounts `n0`, `n1`, …, each with its name.
async fn accounts(db: &Db, count: u8) {
    let mut tx = db.begin().await.unwrap();
    for n in 0..count {
        let name = handle(&format!("n{n}"));
        users::insert_user(&mut tx, user(n), &name, None, now())
            .await
            .unwrap();
        assert!(
            handles::claim_handle(&mut tx, &name, user(n), now())
                .await
                .unwrap()
        );
    }
    tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
}

async fn claim(db: &Db, name: &str, by: u8, at: Timestamp) -> bool {
    let mut tx = db.begin().await.unwrap();
    let won = handles::claim_handle(&mut tx, &handle(name), user(by), at)
        .await
        .unwrap();
    tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
    won
}

async fn hold(db: &Db, name: &str, by: u8, until: Timestamp) -> bool {
    let mut tx = db.begin().await.unwrap();
    let held = handles::hold_handle(&mut tx, &handle(name), user(by), now(), until)
        .await
        .unwrap();
    tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
    held
}

#[tokio::test]
async fn a_held_name_is_for_its_owner_alone_until_its_time() {
    let (sqlite, postgres, _folder) = both().await;
    for db in [sqlite, postgres] {
        accounts(&db, 2).await;
        let end = after(now(), 90 * DAY);
        assert!(!claim(&db, "n0", 1, now()).await, "somebody has it");
        assert!(
            !claim(&db, "n0", 0, now()).await,
            "one has it already, which is no claim"
        );
        assert!(!hold(&db, "n0", 1, end).await, "not theirs to give up");
        assert!(hold(&db, "n0", 0, end).await);
        assert!(
            !hold(&db, "n0", 0, after(end, DAY)).await,
            "a hold is not renewed"
        );
        assert!(!claim(&db, "n0", 1, after(end, -1)).await);
        let row = handles::find_handle(&db, &handle("n0")).await.unwrap().unwrap();
        assert_eq!((row.user_id, row.held_until), (Some(user(0)), Some(end)));
        assert!(row.is_free_for(Some(user(0)), now()) && !row.is_free_for(Some(user(1)), now()));
        assert!(
            claim(&db, "n0", 0, after(now(), 1)).await,
            "its owner takes it back"
        );
        assert!(hold(&db, "n0", 0, end).await);
        assert!(claim(&db, "n0", 1, end).await, "after it anybody can");
    }
}

#[tokio::test]
async fn a_hold_outlives_its_account_and_is_forgotten_in_the_end() {
    let (sqlite, postgres, _folder) = both().await;
    for db in [sqlite, postgres] {
        accounts(&db, 2).await;
        let end = after(now(), DAY);
        assert!(hold(&db, "n0", 0, end).await);
        let mut tx = db.begin().await.unwrap();
        const DELETE: crate::sql::Sql = crate::sql::sql("DELETE FROM users WHERE id = $1");
        tx.run(DELETE, crate::sql::params![user(0)]).await.unwrap();
        tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
        let row = handles::find_handle(&db, &handle("n0")).await.unwrap().unwrap();
        assert_eq!((row.user_id, row.held_until), (None, Some(end)));
        assert!(!row.is_free_for(None, now()));
        assert!(!claim(&db, "n0", 1, now()).await);
        for (at, left) in [(after(end, -1), true), (end, false)] {
            let mut tx = db.begin().await.unwrap();
            handles::delete_expired_holds(&mut tx, at).await.unwrap();
            tx.commit_unrecorded(Unrecorded::Expiry).await.unwrap();
            let found = handles::find_handle(&db, &handle("n0")).await.unwrap();
            assert_eq!(found.is_some(), left);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_claims_at_once_one_wins() {
    let (sqlite, postgres, _folder) = both().await;
    for db in [sqlite, postgres] {
        accounts(&db, 64).await;
        assert!(hold(&db, "n63", 63, after(now(), DAY)).await);
        for name in ["prize", "n63"] {
            // The second has a row already, whose hold is over.
            let at = after(now(), 2 * DAY);
            let claims = (0..63).map(|n| {
                let db = db.clone();
                let name = name.to_owned();
                tokio::spawn(async move { claim(&db, &name, n, at).await })
            });
            let mut winners = 0;
            for claim in claims.collect::<Vec<_>>() {
                winners += u8::from(claim.await.unwrap());
            }
            assert_eq!(winners, 1, "{name}");
        }
    }
}
