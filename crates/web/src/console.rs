//! The console: one file per page. A page's handler extracts, calls one use case, and fills in the page's struct.

pub(crate) mod cookies;

mod activity;
mod advanced;
mod answer;
mod attach;
mod audit_log;
mod audit_words;
mod avatar;
mod cli_login;
mod confirm;
mod connect;
mod connections;
mod delete_account;
mod emails;
mod form;
mod handle;
mod members;
mod next_path;
mod not_me;
mod notifications;
mod profile;
mod query;
mod server;
mod sessions;
mod sign_in;
mod sign_up;
mod signed;
mod step_up;
mod tokens;
mod unsubscribe;
mod workspace_limits;
mod workspaces;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

pub(crate) use answer::{ConsoleError, outside};

use crate::{Web, assets, limits, upload};

pub(crate) fn router(web: &Web) -> Router<Web> {
    let limit = middleware::from_fn_with_state(web.clone(), limits::check_network);
    let pages = pages().layer(middleware::from_fn_with_state(web.clone(), step_up::ask));
    // What waited for a confirmation goes on to the same routes.
    let again = pages.clone().layer(middleware::from_fn(answer::render_errors));
    pages
        .layer(Extension(step_up::Routes(again.with_state(web.clone()))))
        .fallback(|| async { axum::http::StatusCode::NOT_FOUND })
        .layer(limit)
        .layer(middleware::from_fn(answer::render_errors))
}

pub(crate) fn pages() -> Router<Web> {
    let signed_out = Router::new()
        .route(
            "/login",
            get(sign_in::show_sign_in).post(sign_in::request_sign_in),
        )
        .route(
            "/signup",
            get(sign_up::show_sign_up).post(sign_up::request_sign_up),
        )
        .route(
            "/signup/handle",
            get(sign_up::show_choose_handle).post(sign_up::choose_handle),
        )
        .route(
            "/login/confirm",
            get(confirm::show_link).post(confirm::confirm_sign_in),
        )
        .route(
            "/login/token",
            get(cli_login::show_cli_login).post(cli_login::confirm_cli_login),
        )
        .route(
            "/unsubscribe/{mail}",
            get(unsubscribe::show_unsubscribe).post(unsubscribe::unsubscribe),
        )
        .route("/not-me/{alarm}", get(not_me::show_not_me))
        .route("/login/token/deny", post(cli_login::deny_cli_login))
        .route("/login/check-mail", get(confirm::show_check_mail))
        .route("/logout", post(sign_in::sign_out));
    let settings = Router::new()
        .route("/settings", get(profile::redirect_to_profile))
        .route(
            "/settings/profile",
            get(profile::show_profile).post(profile::update_display_name),
        )
        .route("/settings/profile/avatar", post(avatar::update_avatar_url))
        .route(
            "/settings/profile/avatar/upload",
            post(avatar::upload_avatar).layer(DefaultBodyLimit::max(upload::BODY_LIMIT)),
        )
        .route("/settings/profile/avatar/reset", post(avatar::reset_avatar))
        .route(
            "/settings/profile/password/reveal",
            post(profile::reveal_password),
        )
        .route(
            "/settings/profile/password/rotate",
            get(profile::show_rotate).post(profile::rotate_password),
        )
        .route("/settings/profile/emails", post(emails::add_email))
        .route("/settings/profile/emails/new", get(emails::show_new_email))
        .route(
            "/settings/profile/emails/{email}/verify",
            get(emails::show_verify).post(emails::verify_email),
        )
        .route(
            "/settings/profile/emails/{email}/resend",
            post(emails::resend_email),
        )
        .route(
            "/settings/profile/emails/{email}/primary",
            post(emails::make_primary),
        )
        .route(
            "/settings/profile/emails/{email}/remove",
            get(emails::show_remove).post(emails::remove_email),
        )
        .route(
            "/settings/tokens",
            get(tokens::show_tokens).post(tokens::create_token),
        )
        .route("/settings/tokens/new", get(tokens::show_new_token))
        .route("/settings/tokens/{token}/status", post(tokens::update_status))
        .route(
            "/settings/tokens/{token}/edit",
            get(tokens::show_edit).post(tokens::update_token),
        )
        .route(
            "/settings/tokens/{token}/rotate",
            get(tokens::show_rotate).post(tokens::rotate_token),
        )
        .route("/settings/tokens/{token}/end", post(tokens::end_retiring))
        .route(
            "/settings/tokens/{token}/delete",
            get(tokens::show_delete).post(tokens::delete_token),
        )
        .route(
            "/settings/notifications",
            get(notifications::show_notifications).post(notifications::update_notifications),
        )
        .route("/settings/sessions", get(sessions::show_sessions))
        .route(
            "/settings/sessions/end-others",
            post(sessions::end_other_sessions),
        )
        .route("/settings/sessions/end-all", post(sessions::end_all_sessions))
        .route("/settings/sessions/{session}/end", post(sessions::end_session))
        .route("/settings/advanced", get(advanced::show_advanced))
        .route(
            "/settings/advanced/handle",
            get(handle::show_preview).post(handle::update_handle),
        )
        .route("/settings/advanced/handle/check", get(handle::check_handle))
        .route("/settings/advanced/handle/changed", get(handle::show_changed))
        .route(
            "/settings/advanced/reset-authentication",
            get(advanced::show_reset_auth).post(advanced::reset_auth),
        )
        .route(
            "/settings/advanced/delete-account",
            get(delete_account::show_delete_account).post(delete_account::delete_account),
        )
        .route("/settings/advanced/export", post(delete_account::export_account))
        .route("/settings/audit-log", get(audit_log::show_audit_log))
        .route("/settings/audit-log/export", get(audit_log::export_audit_log))
        .route("/settings/audit-log/{record}", get(audit_log::show_audit_record));
    let pages = Router::new()
        .route("/", get(workspaces::show_workspaces))
        .route("/workspaces", post(workspaces::create_workspace))
        .route("/workspaces/new", get(workspaces::show_new_workspace))
        .route(
            "/workspaces/attach",
            get(attach::show_attach).post(attach::attach_workspace),
        )
        .route("/workspaces/connections", get(connections::show_all_connections))
        .route(
            "/workspaces/connections/end-all",
            post(connections::end_all_connections),
        )
        .route(
            "/workspaces/connections/{connection}/end",
            post(connections::end_any_connection),
        )
        .route("/workspace/{workspace}", get(connect::show_connect))
        .route("/workspace/{workspace}/state", get(workspaces::get_state))
        .route(
            "/workspace/{workspace}/query",
            get(query::show_query)
                .post(query::run_query)
                .layer(DefaultBodyLimit::max(query::BODY_LIMIT)),
        )
        .route(
            "/workspace/{workspace}/query/download",
            post(query::download_query).layer(DefaultBodyLimit::max(query::BODY_LIMIT)),
        )
        .route(
            "/workspace/{workspace}/activity",
            get(activity::show_workspace_activity),
        )
        .route(
            "/workspace/{workspace}/connections",
            get(connections::show_connections),
        )
        .route(
            "/workspace/{workspace}/connections/end-all",
            post(connections::end_connections),
        )
        .route(
            "/workspace/{workspace}/connections/{connection}/end",
            post(connections::end_connection),
        )
        .route(
            "/workspace/{workspace}/access",
            get(members::show_access).post(members::create_member),
        )
        .route(
            "/workspace/{workspace}/access/{member}/role",
            post(members::update_member),
        )
        .route(
            "/workspace/{workspace}/access/{member}/end",
            get(members::show_end).post(members::delete_member),
        )
        .route("/workspace/{workspace}/settings", get(workspaces::show_settings))
        .route(
            "/workspace/{workspace}/limits",
            post(workspace_limits::update_limits),
        )
        .route(
            "/workspace/{workspace}/delete",
            get(workspaces::show_delete).post(workspaces::delete_workspace),
        )
        .route("/activity", get(activity::show_activity))
        .route("/activity/{process}", get(activity::show_process))
        .route("/activity/{process}/state", get(activity::get_state));
    signed_out
        .merge(settings)
        .merge(pages)
        .route("/settings/confirm", post(step_up::confirm))
        .route("/settings/confirm/code", post(step_up::send_code))
        .route("/assets/{name}", get(assets::serve))
        .route("/ca.pem", get(connect::download_ca))
}
