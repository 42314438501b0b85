// Passes the authorization response to the window of Swagger UI, which has opened this one, and closes this window.
// Swagger UI's own script splits the query by hand and ends on a value that contains a quotation mark.
const request = window.opener?.swaggerUIRedirectOauth2;
if (request) {
  const answer = new URLSearchParams(location.search);
  const report = (message) => request.errCb({ authId: request.auth.name, source: "auth", level: "error", message });
  if (answer.get("state") !== request.state) {
    report("The response does not belong to this request. Start again.");
  } else if (answer.has("code")) {
    delete request.state;
    request.auth.code = answer.get("code");
    request.callback({ auth: request.auth, redirectUrl: request.redirectUrl });
  } else {
    report([answer.get("error"), answer.get("error_description")].filter(Boolean).join(": ") || "There is no code.");
  }
  window.close();
} else {
  document.querySelector("p").hidden = false;
}
