// A plugin in AssemblyScript: a key in a header of its own, and an account id,
// which is no secret, beside it.
import { Manifest, Plan, ScrubPlan, View, AnswerHead, READ, WRITE, field, lit, concat, open, revealed, serve, valueOf } from "../../../plugin-sdk/assemblyscript";

export { seks_v1_buffer, seks_v1_manifest, seks_v1_plan, seks_v1_scrub } from "../../../plugin-sdk/assemblyscript/guest";

const key = revealed("api_key").toHeader("x-api-key");
key.main = true;
key.help = "a key from the API's console";
const account = open("account");
account.help = "the number of the account";

const manifest = new Manifest("scripted", "1.0.0")
  .upstream("main", "https://api.scripted.example")
  .field(key)
  .field(account)
  .tokenInHeader("x-api-key")
  .errorShape("application/json", '{"error":{"code":"{{code}}","message":"{{message}}"}}')
  .operation("things.list", READ, "GET", "/v1/things")
  .operation("things.create", WRITE, "POST", "/v1/things");
manifest.title = "An API for scripts";
manifest.headers = ["x-account"];

function plan(v: View): Plan {
  if (v.method == "TRACE") return new Plan().refuse("policy_denied", "this API traces nothing");
  const p = new Plan().setHeader("x-api-key", field("api_key")).inspect();
  // A client that names its account keeps it.
  if (valueOf(v.headers, "x-account") == "") p.setHeader("x-account", concat([lit("acct-"), field("account")]));
  return p;
}

function scrub(a: AnswerHead): ScrubPlan {
  const s = new ScrubPlan();
  s.drop = ["x-internal"];
  if (a.origin != "" && a.visible != "") s.rewrite("location", a.origin, a.visible);
  return s;
}

serve(manifest, plan, scrub);
