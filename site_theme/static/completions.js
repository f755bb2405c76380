// Completions below the search box, as the editable combobox of the WAI-ARIA Authoring Practices 1.2 with list
// autocomplete. Without it the box is a plain one. Comments and white space are taken out before it goes into the page.
(() => {
  const box = document.getElementById("tim"), list = document.createElement("ul"), said = document.createElement("p");
  let options = [], active = -1, typed, timer, asked;
  const set = (element, attributes) => {
    for (const name in attributes) element.setAttribute(name, attributes[name]);
  };
  const mark = place => {
    const option = options[active = place];
    options.forEach(other => set(other, {"aria-selected": other === option}));
    set(box, {"aria-activedescendant": option ? option.id : ""});
    option?.scrollIntoView({block: "nearest"});
    box.value = option ? option.query : typed;
  };
  const show = found => {
    options = found.map(({text, hint}, n) => {
      const option = document.createElement("li");
      set(option, {role: "option", id: "mau-" + n, "aria-selected": false});
      option.textContent = hint ? text + " – " + hint : text;
      option.query = text;
      return option;
    });
    active = -1;
    list.replaceChildren(...options);
    list.hidden = !options.length;
    set(box, {"aria-expanded": !list.hidden, "aria-activedescendant": ""});
    said.textContent = list.hidden ? "" : options.length + " gợi ý";
  };
  const stop = () => {
    clearTimeout(timer);
    asked?.abort();
  };
  const close = () => {
    stop();
    show([]);
  };
  const ask = () => {
    const {signal} = asked = new AbortController();
    fetch("/api/search/completions/?q=" + encodeURIComponent(typed), {signal})
      .then(answer => answer.ok ? answer.json() : {completions: []})
      .then(answer => show(answer.completions), () => signal.aborted || show([]));
  };
  set(list, {id: "mau", role: "listbox", "aria-label": "Gợi ý", class: "completions"});
  set(said, {role: "status", class: "vh"});
  set(box, {role: "combobox", "aria-autocomplete": "list", "aria-controls": "mau"});
  box.after(list);
  box.form.after(said);
  show([]);
  box.oninput = () => {
    stop();
    typed = box.value;
    timer = setTimeout(ask, 150);
  };
  box.onkeydown = event => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key], places = options.length + 1;
    if (list.hidden || event.isComposing) return;
    if (step) mark((active + 1 + step + places) % places - 1);
    else if (event.key === "Escape") {
      mark(-1);
      close();
    } else return;
    event.preventDefault();
  };
  box.onblur = close;
  list.onpointerdown = event => event.preventDefault();
  list.onclick = event => {
    box.value = event.target.closest("li").query;
    box.form.requestSubmit();
  };
})();
