// A button per token; pressing one takes it out of the text or puts it back, and Python answers with new labels.
const box = element.querySelector(".tt-tokens");
const empty = element.querySelector(".tt-empty");
let chosen = new Set();
const show = () => {
  const value = props.value;
  empty.hidden = Boolean(value);
  chosen = new Set();
  box.replaceChildren(...(value ? value.tokens : []).map((token, position) => {
    const node = document.createElement(token.special ? "span" : "button");
    node.textContent = token.token;
    if (token.special) return node;
    node.type = "button";
    node.setAttribute("aria-pressed", "false");
    node.addEventListener("click", () => {
      if (!chosen.delete(position)) chosen.add(position);
      node.setAttribute("aria-pressed", String(chosen.has(position)));
      trigger("select", { positions: [...chosen] });
    });
    return node;
  }));
};
watch("value", show);
show();
