// A day of a client whose types openapi-typescript made of the API's document.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { env: Record<string, string> };
const { STANDPIPE_BASE: baseUrl, STANDPIPE_HANDLE: user, STANDPIPE_TOKEN: token } = process.env;

function check(good: boolean, what: unknown): asserts good {
  if (!good) throw new Error(JSON.stringify(what));
}

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const path = { user: user! };

const actor = await client.GET("/actor");
check(actor.data?.handle === user, actor);
const before = await client.GET("/user/{user}/token", { params: { path, query: { limit: 100 } } });
const made = await client.POST("/user/{user}/token", { params: { path }, body: { title: "typescript", expiration: 3600 } });
check(made.data !== undefined, made.error);
const created: components["schemas"]["CreatedToken"] = made.data;
check(created.token.startsWith("tpt_"), created.id);
const after = await client.GET("/user/{user}/token", { params: { path } });
check(after.data?.items.length === (before.data?.items.length ?? 0) + 1, after.data?.items.length);
const gone = await client.DELETE("/user/{user}/token/{token}", { params: { path: { ...path, token: created.id } } });
check(gone.response.status === 204, gone.error);

const changed = await client.PATCH("/user/{user}/preferences", {
  params: { path },
  body: { communication_product_updates: "disabled" },
});
check(changed.data?.communication_product_updates === "disabled", changed.error);

const refused = await client.POST("/user/{user}/token", { params: { path }, body: { expiration: 1 } });
check(refused.error?.validation_errors?.[0]?.location === "expiration", refused);
console.log("the TypeScript client works");
