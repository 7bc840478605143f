// Offers a passkey beside the app where one can be made, as `passkey.js` does on its pages.
(() => {
  "use strict";
  const block = document.querySelector(".twofactor-passkey");
  const { rp, origins } = JSON.parse(block.dataset.twofactorKey);
  const { hostname, origin } = location;
  const isBelow = rp !== "localhost" && hostname.endsWith(`.${rp}`);
  const isHere = hostname === rp || isBelow || origins.includes(origin);
  const isForbidden =
    document.featurePolicy?.allowsFeature("publickey-credentials-create") === false;
  block.hidden = !isHere || isForbidden || !window.PublicKeyCredential;
  block.classList.toggle("twofactor-gone", block.hidden);
  document.querySelector("[data-twofactor-why]").hidden = isHere;
  if (!block.hidden) block.querySelector("[data-twofactor-choose]")?.click();
})();
