//! The console without a mouse.

use testkit::{Engine, TestApp};
use thirtyfour::Key;

use super::window::Window;

#[tokio::test]
async fn escape_closes_and_the_focus_returns() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    app.bearer(&ana).await;
    window.sign_in(&mut app, &ana).await;

    window.visit("/settings/profile").await;
    window.click("Rotate password").await;
    window.sees("You get a new password now.").await;
    window.press(Key::Escape).await;
    window.no_longer_sees("You get a new password now.").await;
    window.focus_is_on("Rotate password").await;

    window.click("Your account").await;
    window.focus_is_on("Settings").await;
    window.press(Key::Down).await;
    window.press(Key::Escape).await;
    window.no_longer_sees("Sign out").await;
    window.focus_is_on("Your account").await;

    // A menu opens by an arrow, goes round, and finds by letter.
    window.press(Key::Down).await;
    window.focus_is_on("Settings").await;
    window.press(Key::Up).await;
    window.focus_is_on("Sign out").await;
    window.press("s").await;
    window.focus_is_on("Settings").await;
    window.press(Key::Enter).await;
    window.is_at("/settings/profile").await;

    // A dialog that was opened from a menu gives the focus back to the menu's button.
    window.visit("/settings/tokens").await;
    let options = window
        .find(thirtyfour::By::Css(".menu-cell button"))
        .await
        .unwrap();
    let name = options.attr("aria-label").await.unwrap().unwrap();
    options.click().await.unwrap();
    window.click("Delete").await;
    window.sees("It cannot be brought back.").await;
    window.press(Key::Escape).await;
    window.no_longer_sees("It cannot be brought back.").await;
    window.focus_is_on(&name).await;
    window.close().await;
}

#[tokio::test]
async fn a_dialog_keeps_the_focus() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.visit("/settings/profile").await;
    window.click("Rotate password").await;
    window.sees("You get a new password now.").await;
    for _ in 0..6 {
        window.press(Key::Tab).await;
        let outside =
            "return document.activeElement !== document.body && !document.activeElement.closest('dialog')";
        assert_eq!(window.run(outside).await, false, "the focus left the dialog");
    }
    window.close().await;
}

#[tokio::test]
async fn letters_go_to_the_settings_and_not_while_typing() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    for (keys, path) in [
        ("gt", "/settings/tokens"),
        ("ga", "/settings/audit-log"),
        ("gn", "/settings/notifications"),
        ("gs", "/settings/sessions"),
        ("gd", "/settings/advanced"),
        ("gp", "/settings/profile"),
    ] {
        window.press(keys).await;
        window.is_at(path).await;
    }
    window.fill("Display name", "gt").await;
    assert_eq!(window.path().await, "/settings/profile");
    window.run("document.activeElement.blur()").await;
    window.press("?").await;
    window.sees("Show these keys").await;
    window.press(Key::Escape).await;
    window.no_longer_sees("Show these keys").await;
    window.close().await;
}

/// Presses Tab until what is called `name` has the focus.
async fn tab_to(window: &Window, name: &str) {
    for _ in 0..60 {
        if window.focused().await == name {
            return;
        }
        window.press(Key::Tab).await;
    }
    panic!("Tab does not reach {name:?}");
}

#[tokio::test]
async fn a_token_lives_and_dies_by_keys_alone() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.press("gt").await;
    window.is_at("/settings/tokens").await;
    tab_to(&window, "New token").await;
    window.press(Key::Enter).await;
    window.sees("What will use it").await;
    window.press("by keys").await;
    window.press(Key::Enter).await;
    window.sees("is ready").await;
    tab_to(&window, "Show the token").await;
    window.press(Key::Enter).await;
    window.sees("tpt_").await;
    tab_to(&window, "I have stored it").await;
    window.press(Key::Enter).await;
    window.is_at("/settings/tokens").await;

    tab_to(&window, "Options for token by keys").await;
    window.press(Key::Enter).await;
    window.sees("Deactivate").await;
    window.focus_is_on("Edit").await;
    window.press("d").await;
    window.focus_is_on("Deactivate").await;
    window.press("d").await;
    window.focus_is_on("Delete").await;
    window.press(Key::Up).await;
    window.focus_is_on("Deactivate").await;
    window.press(Key::Enter).await;
    window.sees("is deactivated").await;
    tab_to(&window, "Options for token by keys").await;
    window.press(Key::Up).await;
    window.focus_is_on("Delete").await;
    window.press(Key::Enter).await;
    window.sees("It cannot be brought back.").await;
    tab_to(&window, "Delete token").await;
    window.press(Key::Enter).await;
    window.sees("is deleted").await;
    window.close().await;
}

#[tokio::test]
async fn the_notifications_and_the_way_out_by_keys_alone() {
    let mut app = TestApp::start(Engine::Sqlite).await;
    let Some(window) = Window::open(&app).await else {
        return;
    };
    let ana = app.create_user("ana").await;
    window.sign_in(&mut app, &ana).await;
    window.press(Key::Tab).await;
    window.focus_is_on("Skip to content").await;
    window.press("gn").await;
    window.is_at("/settings/notifications").await;
    let box_of = "return document.activeElement.id";
    for _ in 0..60 {
        if window.run(box_of).await == "f-tips_and_tricks" {
            break;
        }
        window.press(Key::Tab).await;
    }
    window.press(Key::Space).await;
    // The locked one is passed over.
    window.press(Key::Tab).await;
    window.focus_is_on("Save notifications").await;
    window.press(Key::Enter).await;
    window.sees("Notifications saved.").await;
    let kept = "return [...document.querySelectorAll('.check input')].map((box) => box.checked + ' ' + box.disabled).join()";
    assert_eq!(
        window.run(kept).await,
        "true false,true false,false false,true true"
    );
    tab_to(&window, "Your account").await;
    window.press(Key::Down).await;
    window.press(Key::End).await;
    window.focus_is_on("Sign out").await;
    window.press(Key::Enter).await;
    window.sees("You are signed out").await;
    window.close().await;
}
