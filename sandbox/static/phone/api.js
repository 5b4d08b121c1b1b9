/** The control API as the phone uses it, and what the phone knows about itself. */
const screen = document.getElementById("phone");
export const me = { id: screen.dataset.person, name: screen.dataset.name, account: screen.dataset.account, base: screen.dataset.base };
const root = `/sandbox/api/people/${me.id}`;

async function ask(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" }, ...options });
  } catch {
    throw new Error("网络不可用");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message || "出错了");
  return answer;
}

const send = (url, body = {}, method = "POST") =>
  ask(url, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const api = {
  state: (since, mini) => ask(`${root}/state?since=${since}&mini=${encodeURIComponent(mini)}`),
  scan: (text) => send(`${root}/scan`, { text }),
  follow: () => send(`${root}/follow`),
  unfollow: () => send(`${root}/unfollow`),
  message: (text) => send(`${root}/message`, { text }),
  menu: (what) => send(`${root}/menu`, what),
  claim: (ticket) => send(`${root}/cards`, { ticket }),
  card: (code) => ask(`${root}/cards/${code}`),
  form: (code) => ask(`${root}/cards/${code}/form`),
  activate: (code, fields) => send(`${root}/cards/${code}/activate`, { fields }),
  removeCard: (code) => send(`${root}/cards/${code}`, {}, "DELETE"),
  miniLogin: (appid) => send(`${root}/mini/login?appid=${appid}`),
  miniPhone: (appid) => send(`${root}/mini/phone?appid=${appid}`),
  miniSubscribe: (appid, answers) => send(`${root}/mini/subscribe?appid=${appid}`, { answers }),
  codes: () => ask("/sandbox/api/codes"),
  decode: (file) => {
    const form = new FormData();
    form.append("picture", file);
    return ask("/sandbox/api/decode", { method: "POST", body: form });
  },
};
